"""The graph model with float16 weights, which is half as large for pages to download."""

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
    """Write the float16 graph model, unless its outputs differ too much.

    Args:
      directory: of the run.
      graph: the `tf.function` to write.
      model: the model of the graph.
      run: returns a model's outputs for some inputs.
      output: name of an output for the message, such as `pixel`.
      limit: largest allowed difference of an output. Outputs are from 0 to 1.
      name: directory of the graph below `DIRECTORY`.

    Returns:
      The description of the written file by its name; empty if the model was not written.
    """
    rounded = compare.quantized_copy(model, "float16")
    difference = float(np.abs(np.asarray(run(model)) - np.asarray(run(rounded))).max())
    if not difference < limit:
        print(f"No {DIRECTORY}: a {output} would differ by {difference:.1e}.")
        return {}
    graph_model.save(graph, directory / DIRECTORY / name, quantize="float16")
    return {DIRECTORY: "the same with float16 weights: half the download"}
