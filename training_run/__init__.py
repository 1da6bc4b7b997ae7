"""What a training run of either app needs, whatever it trains.

- `command_line`: flags, their aliases and checks, and errors of one line.
- `atomic_files`: files and directories that are there whole or not at all.
- `run_directory`: the directory a run leaves, complete or absent, one process at a time.
- `checkpoints`: the files that `--resume` goes on from.
- `loop`: epochs of gradient steps, resumable at any step.
- `replicas`, `cluster`: one step on several GPUs, and on several machines.
- `callbacks`: what happens around the loop: checkpoints, signals, progress, TensorBoard.
- `history`: `history.csv` and `loss.png`.
- `signals`: Ctrl-C and SIGTERM, noticed at once.
- `saved_model`: SavedModels, written whole or not at all.
- `datasets`: TensorFlow Datasets.
- `devices`: TensorFlow itself: which processor, determinism, plain errors.

Nothing here imports an app. Importing the package does not import TensorFlow.
"""
