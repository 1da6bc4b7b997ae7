"""A character LSTM that learns to write like its corpus.

A Keras port of the tfjs-examples' `lstm-text-generation`. Importing the package does not import
TensorFlow; only modules that compute do:

- `train`, `generate`: the two commands (`train_node.js`, `gen_node.js`), with their `flags`.
- `model`: the network and its training (`model.js`), on the LSTM layers' `cells`.
- `generation`: sampling and writing text (the rest of `model.js`).
- `data`: `TextData`, a corpus as integers, windows and batches (`data.js`).
- `corpora`, `text_files`: the texts to learn from, by name or path.
- `export`, `exported_functions`, `load`: what a run leaves, and how it is loaded.
"""
