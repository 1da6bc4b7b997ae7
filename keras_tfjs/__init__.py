"""A bridge between Keras 3 and TensorFlow.js, exact in both directions.

`layers_model.save` and `layers_model.load` carry Keras models to `tf.loadLayersModel` and back,
`graph_model.save` freezes a function or a SavedModel for `tf.loadGraphModel`, and
`python -m keras_tfjs.convert` does both from the command line. What TensorFlow.js cannot compute
exactly is refused, with the layer's name and the reason.
"""

BACKENDS = ("cpu", "wasm", "webgl", "tensorflow")  # of TensorFlow.js; the last is tfjs-node's
