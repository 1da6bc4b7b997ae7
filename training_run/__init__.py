"""The training runs of both apps, for any model.

- `run`, `open_run`: the `Run` that a training loop calls: restore, epochs, steps, log, finish.
- `run_directory`, `run_lock`, `settings_file`: the directory of a run, and its `run.json`.
- `checkpoints`, `history`, `tensorboard`: the files that a run writes while it trains.
- `distribution`: training on several GPUs or machines.
- `batches`, `schedule`, `pace`: the batches of an epoch, the learning rate, the speed.
- `run_flags`, `messages`: the flags and messages of a training command.
- `saved_model`, `float16_graph`: exports.
- `datasets`: TensorFlow Datasets.
- `tensorflow_setup`, `tensorflow_errors`: TensorFlow's settings and errors.

Command-line errors, signals and atomic files are in `keras_tfjs`.

No module here imports an app. Importing the package does not import TensorFlow.
"""
