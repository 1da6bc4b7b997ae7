"""A character LSTM that learns to write like its corpus.

A Keras port of the tfjs-examples' `lstm-text-generation`. Importing the package does not import
TensorFlow, because only the modules that compute import it:

- `train`, `generate`, `evaluate`: the commands (`train_node.js`, `gen_node.js`), with their
  `flags`.
- `model`: the network and its training (`model.js`), with its LSTM layers in `cells`.
- `generation`: sampling and text generation (the rest of `model.js`).
- `data`: `TextData`, a corpus as integers, windows and batches (`data.js`).
- `corpora`, `text_files`: find a corpus by its name or path, and read it.
- `scores`: the cross-entropy of a model on a text.
- `export`, `exported_functions`, `load`: write the files of a run, and load them.
"""
