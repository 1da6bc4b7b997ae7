"""A variational autoencoder that learns Fashion-MNIST and draws new garments.

A Keras port of the tfjs-examples' `fashion-mnist-vae`. Importing the package does not import
TensorFlow; only modules that compute do:

- `train`, `generate`, `download`: the commands (`train.js` with its training loop, the grid of
  `client.js`, `download.js`), with their `flags`.
- `model`: encoder, decoder, `ZLayer`, the loss (`model.js`).
- `data`: `ImageData`, IDX files and batches (`data.js`).
- `sources`: where the images come from.
- `grid`: the part of the latent space that is drawn.
- `pictures`, `preview`: what the model draws, as PNG and in the terminal.
- `export`, `load`: what a run leaves, and how it is loaded.
"""
