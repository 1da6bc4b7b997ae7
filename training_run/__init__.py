"""What a training run of either app needs, whatever it trains.

- `run`: one `Run`, all that a training loop calls: restore, epochs, steps, log, best model, finish.
- `run_directory`, `settings_file`, `checkpoints`, `history`, `tensorboard`: what a run keeps.
- `distribution`: several GPUs or machines.
- `batches`: the batches of an epoch.
- `run_flags`: the flags of a training command. `summary`: its last words.
- `saved_model`: a directory that is there whole or not at all.
- `float16_graph`: the copy of a graph model with weights of 16 bits.
- `datasets`: TensorFlow Datasets.
- `tensorflow_setup`, `tensorflow_errors`: TensorFlow itself.

Command-line errors, signals and atomic files are in `keras_tfjs`.

Nothing here imports an app. Importing the package does not import TensorFlow.
"""
