"""A bridge between Keras 3 and TensorFlow.js, in both directions.

`layers_model.save` writes a Keras model for `tf.loadLayersModel`, and `layers_model.load` reads
such a model. `graph_model.save` freezes a function or a SavedModel for `tf.loadGraphModel`. `python
-m keras_tfjs.convert` does all three from the command line. All refuse a model that TensorFlow.js
would compute differently; the error names the layer and the reason.
"""

BACKENDS = ("cpu", "wasm", "webgl", "tensorflow")  # of TensorFlow.js; the last is that of tfjs-node
