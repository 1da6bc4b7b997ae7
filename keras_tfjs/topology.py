"""Writes Sequential and functional models as modelTopology; model_reader.py reads it.

TensorFlow.js has the format of Keras 2. A functional model lists its layers, and the calls of each
layer. A call lists its input tensors as [layer, call, output]: the layer that made the tensor, the
number of that layer's call, and the number of the output. The creation of a model counts as call 0.
"""

from collections.abc import Iterator
from typing import Any

import keras
import numpy as np

from keras_tfjs.layer_classes import weights_of
from keras_tfjs.layer_config import Entry, check_name_to_write, error_context, write_layer
from keras_tfjs.mask_sources import Entries, mask_operations, mask_source
from keras_tfjs.values import shorten

Operations = dict[str, Any]  # layers and operations of a model, by name
INPUT_DTYPES = ("float32", "int32")
RECURRENT = (keras.layers.RNN, keras.layers.Bidirectional)  # layers that take initial states
# Layers that compute the same for int32 inputs on each backend. Others may not.
_TAKE_INTEGERS = (
    *(keras.layers.Concatenate, keras.layers.Cropping2D, keras.layers.Embedding),
    *(keras.layers.Flatten, keras.layers.Permute, keras.layers.Rescaling, keras.layers.Reshape),
    keras.Model,
)


def write_model(model: keras.Model) -> Entry:
    """Describe a model for TensorFlow.js.

    Raises:
      ValueError: TensorFlow.js cannot compute the model.
    """
    with error_context(f"model {model.name!r}"):
        check_name_to_write(model.name)
        check_writable(model)
        config = model.get_config()
        if isinstance(model, keras.Sequential):
            if config["layers"][0]["class_name"] != "InputLayer":
                raise ValueError("its input is not known; begin it with keras.Input")
            inputs = _write_input(config["layers"][0]["config"])
            for number, layer in enumerate(model.layers):
                with error_context(f"layer {layer.name!r}"):
                    if len(keras.tree.flatten(layer.output)) > 1:
                        raise ValueError("TensorFlow.js needs a single output in a Sequential")
                    _check_dtype(layer, model.inputs[0].dtype if number == 0 else "float32")
            layers = [inputs, *map(_write_layer_or_model, model.layers)]
            return {"class_name": "Sequential", "config": {"name": model.name, "layers": layers}}
        operations = {operation.name: operation for operation in model.operations}
        entries = {entry["name"]: entry for entry in config["layers"]}
        masks = mask_operations(entries)
        layers = [
            _write_call(operations, entries, entry)
            for entry in config["layers"]
            if entry["name"] not in masks
        ]
        refs = {
            # Keras counts the creation of functional models here, unlike in inbound_nodes.
            key: [
                _counting_creation(operations, ref, keras.Sequential)
                for ref in tensor_refs(config[key])
            ]
            for key in ("input_layers", "output_layers")
        }
        if len(set(map(tuple, refs["output_layers"]))) < len(refs["output_layers"]):
            raise ValueError("an output occurs twice; TensorFlow.js needs distinct outputs")
        _order_calls(layers, refs)
        # Model, not Functional, because old versions of TensorFlow.js lack the name Functional.
        return {"class_name": "Model", "config": {"name": model.name, "layers": layers, **refs}}


def check_writable(model: keras.Model) -> keras.Model:
    """Return the model if it is a Sequential or functional model with known inputs.

    Raises:
      ValueError: the model has another class, or unknown inputs.
    """
    if type(model).__module__.partition(".")[0] != "keras":
        raise ValueError(
            f"model {model.name!r}: only Sequential and functional models can be layers models, "
            "no subclasses; write a graph model"
        )
    if not model.built or not getattr(model, "inputs", None):
        raise ValueError(f"model {model.name!r}: its input is not known; begin it with keras.Input")
    return model


def named_weights(model: keras.Model) -> Iterator[tuple[str, np.ndarray]]:
    """Yield the weights of a model and of its nested models, with TensorFlow.js's names."""
    for layer in model.layers:
        if isinstance(layer, keras.Model):
            yield from named_weights(layer)
        else:
            for (name, _), weight in zip(weights_of(layer), layer.weights, strict=True):
                value = np.asarray(weight)
                # TensorFlow.js applies a constraint as soon as a weight is set.
                if weight.constraint and not np.allclose(
                    weight.constraint(weight), value, atol=1e-6
                ):
                    raise ValueError(f"layer {layer.name!r}: {name} does not meet its constraint")
                yield f"{layer.name}/{name}", value


def _write_input(config: Entry) -> Entry:
    name, dtype, shape = config["name"], config["dtype"], config["batch_shape"]
    with error_context(f"input {name!r}"):
        if dtype not in INPUT_DTYPES:
            raise ValueError(f"its dtype is {dtype}; only float32 and int32 can be written")
        check_name_to_write(name)
        if len(shape) < 2 or 0 in shape:
            raise ValueError(f"TensorFlow.js has no inputs of shape {shape}")
        for key in ("sparse", "ragged", "optional"):
            if config.get(key):
                raise ValueError(f"TensorFlow.js has no {key} inputs")
        shared = {"name": name, "dtype": dtype, "sparse": False}
        return {"class_name": "InputLayer", "config": shared | {"batch_input_shape": list(shape)}}


def _write_layer_or_model(layer: keras.Layer) -> Entry:
    return write_model(layer) if isinstance(layer, keras.Model) else write_layer(layer)


def _write_call(operations: Operations, entries: Entries, entry: Entry) -> Entry:
    """Describe a layer of a functional model, with its calls."""
    name = entry["name"]
    if entry["class_name"] == "InputLayer":
        return _write_input(entry["config"]) | {"name": name, "inbound_nodes": []}
    operation = operations[name]
    if not isinstance(operation, keras.Layer):
        raise ValueError(
            f"layer {name!r} ({entry['class_name']}): is an operation of {entry['module']}, not a "
            "layer; use a layer for it"
        )
    written = _write_layer_or_model(operation)
    with error_context(f"layer {name!r} ({entry['class_name']})"):
        nodes = [
            _write_node(operations, entries, operation, node) for node in entry["inbound_nodes"]
        ]
    return written | {"name": name, "inbound_nodes": nodes}


def _write_node(
    operations: Operations, entries: Entries, layer: keras.Layer, node: Entry
) -> list[list[Any]]:
    """Describe one call of a layer by its input tensors.

    The source of the mask is added as an argument, for `masks.check_masks`.
    """
    given = {key: value for key, value in node["kwargs"].items() if value is not None}
    if given.get("training") is False:  # Keras adds it to calls without `training`, too
        del given["training"]
    mask = given.pop("mask", None)
    states = given.pop("initial_state", []) if isinstance(layer, RECURRENT) else []
    if len(node["args"]) != 1 or given:
        raise ValueError(f"is called with more than its inputs: {', '.join(given) or 'arguments'}")
    # TensorFlow.js takes the initial states after the input, in one list.
    tensors = [*_as_list(node["args"][0]), *_as_list(states)]
    histories = [_history(tensor) for tensor in tensors]
    for tensor in tensors:
        _check_dtype(layer, tensor["config"]["dtype"])
    if any(not isinstance(operations[name], keras.Layer) for name, *_ in histories):
        raise ValueError("is called on a mask, which TensorFlow.js does not have as a tensor")
    if len(set(map(tuple, histories))) < len(histories):
        raise ValueError("is called on one tensor twice, which TensorFlow.js may dispose of early")
    inputs = [[*_counting_creation(operations, history, keras.Model), {}] for history in histories]
    if mask is not None:
        *source, kind = mask_source(entries, mask)
        if isinstance(operations[source[0]], keras.Layer):
            source = _counting_creation(operations, source, keras.Model)
        inputs[0][3]["mask"] = [*source, kind]
    return inputs


def _as_list(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list | tuple) else [value]


def _check_dtype(layer: keras.Layer, dtype: str) -> None:
    """Refuse integers for layers that compute them differently on some backend."""
    if dtype != "float32" and not isinstance(layer, _TAKE_INTEGERS):
        raise ValueError(
            f"is called on {dtype}; only Embedding, Rescaling and layers that move values accept it"
        )


def _order_calls(layers: list[Entry], refs: dict[str, list]) -> None:
    """Number the calls of each layer in the order in which TensorFlow.js makes them.

    TensorFlow.js loops over the layers, and makes the calls whose inputs exist. The first call of a
    layer that it makes becomes call 0, whatever the order in the file. So the file must have the
    calls in that order.
    """
    nested = {layer["name"]: "layers" in layer["config"] for layer in layers}
    made = {(name, 0) for name, is_model in nested.items() if is_model}
    made |= {(layer["name"], 0) for layer in layers if not layer["inbound_nodes"]}
    waiting = {layer["name"]: list(enumerate(layer["inbound_nodes"])) for layer in layers}
    order: dict[str, list[int]] = {name: [] for name in nested}
    while any(waiting.values()):
        for name, calls in waiting.items():
            for number, node in [*calls]:
                if all((source, call) in made for source, call, *_ in node):
                    order[name].append(number)
                    made.add((name, number + nested[name]))
                    calls.remove((number, node))
    for layer in layers:
        layer["inbound_nodes"] = [layer["inbound_nodes"][i] for i in order[layer["name"]]]
    listed = [tensor for layer in layers for node in layer["inbound_nodes"] for tensor in node]
    masks = [tensor[3]["mask"] for tensor in listed if "mask" in tensor[3]]
    for tensor in [*listed, *refs["output_layers"], *masks]:
        name, call = tensor[:2]
        if order.get(name):
            tensor[1] = order[name].index(call - nested[name]) + nested[name]


def _history(tensor: Any) -> list[Any]:
    if not isinstance(tensor, dict) or tensor.get("class_name") != "__keras_tensor__":
        raise ValueError(f"is called on {shorten(tensor)}, which is not a tensor of the model")
    return list(tensor["config"]["keras_history"])


def _counting_creation(operations: Operations, history: list[Any], models: type) -> list[Any]:
    """Return a reference whose call number counts the creation of a model as call 0."""
    name, call, index = history
    return [name, call + isinstance(operations[name], models), index]


def tensor_refs(value: Any) -> list[Any]:
    """Return a list of [layer, call, output]. A single reference may lack the outer list.

    Raises:
      ValueError: the inputs or outputs are a dict.
    """
    if isinstance(value, dict):
        raise ValueError("inputs and outputs in a dict cannot be written; use a list")
    if value and isinstance(value[0], str):
        return [value]
    nested = any(item and isinstance(item, list) and isinstance(item[0], list) for item in value)
    return [ref for item in value for ref in tensor_refs(item)] if nested else list(value)
