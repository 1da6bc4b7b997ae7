"""A variational autoencoder that learns Fashion-MNIST and draws new garments.

A Keras port of the tfjs-examples' `fashion-mnist-vae`. Importing the package does not import
TensorFlow; only modules that compute do:

- `sources`: where the images come from.
- `data`: `ImageData`, IDX files and batches (the original's `data.js`).
- `model`: encoder, decoder, `ZLayer`, the loss (`model.js`) and the training (`train.js`).
- `grid`: the part of the latent space that is drawn.
- `pictures`, `preview`: what the model draws, as PNG and in the terminal.
- `report`, `export`: what a run writes after each epoch, and when it is finished.
- `download`, `train`, `generate`: the commands (`download.js`, `train.js`, and the page's grid).
"""
