"""A variational autoencoder that learns Fashion-MNIST and draws new garments.

A Keras port of the tfjs-examples' `fashion-mnist-vae`. Importing the package does not import
TensorFlow, because only the modules that compute import it:

- `train`, `generate`, `evaluate`, `download`: the commands (`train.js` with its training loop, the
  grid of `client.js`, `download.js`), with their `flags`.
- `model`: encoder, decoder, `ZLayer`, the loss (`model.js`).
- `data`: `ImageData`, IDX files and batches (`data.js`).
- `sources`: find or download the images.
- `grid`: the part of the latent space to draw.
- `pictures`, `preview`, `formation`: PNG files, terminal pictures, maps of some epochs.
- `scores`: the loss of a model on images.
- `export`, `load`: write the files of a run, and load them.
"""
