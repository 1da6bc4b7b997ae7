"""A variational autoencoder that learns Fashion-MNIST and draws new garments.

A Keras port of the tfjs-examples' `fashion-mnist-vae`. Importing the package does not import
TensorFlow; its modules do:

- `sources`: where the images come from.
- `data`: `ImageData`, IDX files and batches (the original's `data.js`).
- `model`: encoder, decoder, `ZLayer`, the loss (`model.js`) and the training (`train.js`).
- `pictures`, `preview`: what the model draws, as PNG and in the terminal.
- `export`: the files of a finished run.
- `download`, `train`, `generate`: the commands (`download.js`, `train.js`, and the page's grid).
"""
