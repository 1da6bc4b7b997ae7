"""Attention layers as compositions of Dense, Dot and Activation, one head after another."""

from typing import Any

import keras
import numpy as np
from keras import layers

from keras_tfjs.composed_scaling import scale_channels
from keras_tfjs.layer_builder import Composition, LayerBuilder


def _attend(
    builder: LayerBuilder, query: Any, value: Any, key: Any, scale: float, rate: float, causal: bool
) -> Any:
    """Return softmax(scale * query key^T) value, with dropout of the probabilities."""
    scores = builder.scale(builder.add(layers.Dot, 2)(builder.distinct([query, key])), scale)
    if causal:
        scores = _hide_later_steps(builder, scores)
    # Not the layer Softmax, because TensorFlow.js would pass it the last mask of another layer.
    probabilities = builder.add(layers.Activation, "softmax")(scores)
    if rate:
        probabilities = builder.add(layers.Dropout, rate)(probabilities)
    return builder.add(layers.Dot, (2, 1))([probabilities, value])


def _hide_later_steps(builder: LayerBuilder, scores: Any) -> Any:
    """Add -1e9 to the scores of keys after the query, so that their probability is 0."""
    _, queries, keys = scores.shape
    if queries is None or keys is None:
        raise ValueError("use_causal_mask: the lengths must be known; give keras.Input the length")
    hidden = np.triu(np.full((1, queries, keys), -1e9, np.float32), 1)
    return scale_channels(builder, scores, 1.0, hidden)


def _attention(
    builder: LayerBuilder, layer: Any, inputs: Any, use_causal_mask: bool = False, **arguments: Any
) -> Any:
    _check(arguments, inputs)
    if layer.score_mode != "dot" or layer.use_scale:
        raise ValueError("score_mode, use_scale: TensorFlow.js has 'dot' and False only")
    query, value, key = (*inputs, inputs[1])[:3]
    return _attend(builder, query, value, key, 1.0, layer.dropout, use_causal_mask)


def _multi_head_attention(
    builder: LayerBuilder,
    layer: Any,
    query: Any,
    value: Any,
    key: Any = None,
    use_causal_mask: bool = False,
    **arguments: Any,
) -> Any:
    key = value if key is None else key
    _check(arguments, [query, value, key])
    config = layer.get_config()
    for field in ("attention_axes", "activity_regularizer", "kernel_constraint"):
        if config.get(field) and (field != "attention_axes" or list(config[field]) != [1]):
            raise ValueError(f"{field}: cannot be written")
    heads = [
        _attend(
            builder,
            _project(builder, layer, "query", head, query),
            _project(builder, layer, "value", head, value),
            _project(builder, layer, "key", head, key),
            1 / np.sqrt(layer.key_dim),
            layer.dropout,
            use_causal_mask,
        )
        for head in range(layer.num_heads)
    ]
    joined = builder.add(layers.Concatenate)(heads) if len(heads) > 1 else heads[0]
    kernel, *bias = map(keras.ops.convert_to_numpy, layer.output_dense.get_weights())
    return _dense(builder, layer, "output", kernel.reshape(-1, kernel.shape[-1]), bias, joined)


def _project(builder: LayerBuilder, layer: Any, name: str, head: int, x: Any) -> Any:
    """Return the query, key or value of a head; its weights are a slice of the layer's weights."""
    weights = getattr(layer, f"{name}_dense").get_weights()
    kernel, *bias = map(keras.ops.convert_to_numpy, weights)
    return _dense(builder, layer, f"{name}{head}", kernel[:, head], [b[head] for b in bias], x)


def _dense(builder: LayerBuilder, layer: Any, suffix: str, kernel: Any, bias: list, x: Any) -> Any:
    given = layer.get_config()
    fields = ("kernel_initializer", "bias_initializer", "kernel_regularizer", "bias_regularizer")
    config = {field: given[field] for field in fields}
    config |= {"units": kernel.shape[1], "use_bias": bool(bias)}
    return builder.call_weighted(layers.Dense, config, [kernel, *bias], x, suffix)


def _check(arguments: dict[str, Any], inputs: Any) -> None:
    if arguments:
        raise ValueError(f"cannot be written with {', '.join(sorted(arguments))}")
    if any(len(x.shape) != 3 for x in inputs):
        raise ValueError("the inputs must be sequences of vectors, [batch, time, channels]")


COMPOSED_ATTENTION = {
    "Attention": Composition(_attention),
    "MultiHeadAttention": Composition(_multi_head_attention),
}
