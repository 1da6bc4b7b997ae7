"""The copy of a run's graph model with weights of 16 bits, which pages load in half the time."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np

from keras_tfjs import compare, graph_model

DIRECTORY = "graph_model_float16"


def save(
    directory: Path,
    graph: Any,
    model: keras.Model,
    run: Callable[[keras.Model], Any],
    output: str,
    limit: float,
    name: str = "",
) -> dict[str, str]:
    """Write the copy, unless its outputs differ.

    Args:
      directory: of the run.
      graph: the `tf.function` to write.
      model: the model whose weights it has.
      run: returns a model's outputs for some inputs.
      output: what one output is, such as a pixel.
      limit: of the difference in an output, which is from 0 to 1.
      name: of the graph's directory below `DIRECTORY`.

    Returns:
      What was written, by its name; empty if nothing was.
    """
    rounded = compare.quantized_copy(model, "float16")
    difference = float(np.abs(np.asarray(run(model)) - np.asarray(run(rounded))).max())
    if not difference < limit:
        print(f"No {DIRECTORY}: a {output} would differ by {difference:.1e}.")
        return {}
    graph_model.save(graph, directory / DIRECTORY / name, quantize="float16")
    return {DIRECTORY: "the same with weights of 16 bits: half the download"}
