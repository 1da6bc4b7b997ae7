"""What a training run of either app needs, whatever it trains.

- `run`: one `Run`, all that a training loop calls: restore, epochs, steps, log, best model, finish.
- `run_directory`, `settings_file`, `checkpoints`, `history`, `tensorboard`: what a run keeps.
- `signals`: Ctrl-C and SIGTERM, noticed at once.
- `distribution`: several GPUs or machines.
- `batches`: the batches of an epoch.
- `command_line`, `run_flags`: flags, and errors of one line.
- `atomic_files`, `saved_model`: files that are there whole or not at all.
- `datasets`, `tensorflow_setup`: TensorFlow Datasets, and TensorFlow itself.

Nothing here imports an app. Importing the package does not import TensorFlow.
"""
