"""A character LSTM that learns to write like its corpus.

A Keras port of the tfjs-examples' `lstm-text-generation`. Importing the package does not import
TensorFlow; only modules that compute do:

- `corpora`: the texts to learn from, by name or path.
- `data`: `TextData`, a corpus as integers, windows and batches (the original's `data.js`).
- `model`: the network and its training (`model.js`), on the LSTM layers' `cells`.
- `generation`: sampling and writing text (the rest of `model.js`).
- `report`, `export`: what a run writes after each epoch, and when it is finished.
- `train`, `generate`: the two commands (`train_node.js`, `gen_node.js`).
"""
