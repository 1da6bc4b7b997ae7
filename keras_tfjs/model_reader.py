"""Creates Keras models from TensorFlow.js's modelTopology. topology.py has the other direction."""

from collections import deque
from typing import Any

import keras
import numpy as np

from keras_tfjs.layer_classes import weights_of
from keras_tfjs.layer_config import Entry, check_name, error_context, read_layer
from keras_tfjs.topology import INPUT_DTYPES, RECURRENT, tensor_refs
from keras_tfjs.values import is_whole, shorten

_MODEL_CLASSES = ("Sequential", "Model", "Functional")
_MAX_RANK = 8
_MAX_CALLS = 1000  # calls of a layer, and tensors in a call; Keras's time grows with their square


class ModelReader:
    """Creates Keras models from TensorFlow.js's modelTopology, and sets their weights.

    The reader compares the shape of each weight with the file before Keras creates the layer's
    variables, so that a file cannot allocate more memory than it has bytes.
    """

    def __init__(self, weights: dict[str, np.ndarray], custom_objects: dict[str, Any]):
        self._weights = weights
        self._custom_objects = custom_objects
        self._used: set[str] = set()

    def read(self, topology: Any) -> keras.Model:
        """Create a model.

        Raises:
          ValueError: the topology is not valid, or the weights do not fit it.
        """
        model = self._read_model(topology)
        unused = sorted(set(self._weights) - self._used)
        if unused:
            raise ValueError(f"weights: {shorten(unused[0])} belongs to no layer")
        return model

    def _read_model(self, entry: Any) -> keras.Model:
        class_name, config = _class_and_config(entry)
        if class_name not in _MODEL_CLASSES:
            raise ValueError(f"class_name: must be Sequential or Model, not {shorten(class_name)}")
        with error_context(f"model {shorten(config.get('name'))}"):
            name, layers = check_name(config.get("name")), config.get("layers")
            if not isinstance(layers, list) or not layers:
                raise ValueError("layers: must be a list that is not empty")
            if class_name == "Sequential":
                return self._read_sequential(name, layers)
            return self._read_functional(name, config, layers)

    def _read_sequential(self, name: str, entries: list[Any]) -> keras.Model:
        x = _read_input(entries[0])
        if entries[0]["class_name"] == "InputLayer":
            entries = entries[1:]
        layers: list[Any] = [x]
        for entry in entries:
            layers.append(self._read_layer(entry))
            x = self._call(layers[-1], [x])
            if len(_as_list(x)) > 1:
                raise ValueError(f"layer {layers[-1].name!r}: has several outputs in a Sequential")
        return keras.Sequential(layers, name=name)

    def _read_functional(self, name: str, config: Entry, entries: list[Any]) -> keras.Model:
        """Create the layers, then call each layer as soon as its inputs exist."""
        calls: dict[str, list[Any]] = {}  # the outputs of each call of each layer
        waiting: dict[str, deque] = {}  # the remaining calls of each layer
        layers: dict[str, keras.Layer] = {}
        for entry in entries:
            class_name, layer_config = _class_and_config(entry)
            key = check_name(entry.get("name", layer_config.get("name")))
            if key in calls:
                raise ValueError(f"layers: two layers are named {shorten(key)}")
            if class_name == "InputLayer":
                calls[key] = [[_read_input(entry)]]
                continue
            layers[key] = self._read_layer(entry)
            # Keras counts the creation of a model as call 0, which has no outputs here.
            calls[key] = [[]] if isinstance(layers[key], keras.Model) else []
            with error_context(f"layer {shorten(key)}"):
                waiting[key] = deque(_read_nodes(entry.get("inbound_nodes")))
        self._make_calls(layers, waiting, calls)
        endpoints = []
        for field in ("input_layers", "output_layers"):
            with error_context(field):
                listed = config.get(field)
                if not isinstance(listed, list) or not listed:
                    raise ValueError("must be a list that is not empty")
                tensors = [_find(calls, _read_history(ref)) for ref in tensor_refs(listed)]
                endpoints.append(tensors if len(tensors) > 1 else tensors[0])
        return keras.Model(*endpoints, name=name)

    def _make_calls(self, layers: dict, waiting: dict[str, deque], calls: dict[str, list]) -> None:
        ready = deque(waiting)
        blocked: dict[str, list[str]] = {}  # by layer: the layers that wait for it
        while ready:
            name = ready.popleft()
            while waiting[name]:
                missing = next((h[0] for h in waiting[name][0] if _is_missing(calls, h)), None)
                if missing is not None:
                    blocked.setdefault(missing, []).append(name)
                    break
                with error_context(f"layer {shorten(name)}, inbound_nodes"):
                    inputs = [_find(calls, history) for history in waiting[name].popleft()]
                    calls[name].append(_as_list(self._call(layers[name], inputs)))
                ready.extend(blocked.pop(name, ()))
        stuck = [name for name, nodes in waiting.items() if nodes]
        if stuck:
            raise ValueError(
                f"layer {shorten(stuck[0])}, inbound_nodes: waits for a layer that is missing, or "
                f"for itself in a cycle"
            )

    def _read_layer(self, entry: Any) -> keras.Layer:
        class_name, _ = _class_and_config(entry)
        if class_name in _MODEL_CLASSES:
            return self._read_model(entry)
        return read_layer(entry, self._custom_objects)

    def _call(self, layer: keras.Layer, inputs: list[Any]) -> Any:
        """Call a layer; before its first call, check and set its weights."""
        with error_context(f"layer {layer.name!r} ({type(layer).__name__})"):
            if isinstance(layer, keras.Model) or (layer.built and layer.weights):
                return _call(layer, inputs)
            values = []
            for name, shape_of in weights_of(layer):
                found = self._find_weight(f"{layer.name}/{self._name_in_file(layer, name)}")
                needed = shape_of(tuple(inputs[0].shape))
                if self._weights[found].shape != needed:
                    have = self._weights[found].shape
                    raise ValueError(f"{name}: the shape is {have}, but must be {needed}")
                values.append(self._weights[found])
            outputs = _call(layer, inputs)
            layer.set_weights(values)
            return outputs

    def _name_in_file(self, layer: keras.Layer, name: str) -> str:
        """Return a weight's name. Keras 2 names stacked cells, TensorFlow.js numbers them."""
        if type(layer) is keras.layers.RNN and name.startswith("RNNCell_"):
            number, _, weight = name.removeprefix("RNNCell_").partition("/")
            named = f"{layer.cell.name}/{layer.cell.cells[int(number)].name}/{weight}"
            if any(key.endswith(f"{layer.name}/{named}") for key in self._weights):
                return named
        return name

    def _find_weight(self, name: str) -> str:
        """Return a weight's name in the file.

        The file may put the names of models in front. Keras 2 puts a cell's name before the last
        part.
        """
        found = [name] if name in self._weights else []
        found = found or [key for key in self._weights if f"/{key}".endswith(f"/{name}")]
        found = found or [
            key for key in self._weights if f"/{_without_cell(key)}".endswith(f"/{name}")
        ]
        found = [key for key in found if key not in self._used]
        if len(found) != 1:
            raise ValueError(
                f"weights: {shorten(name)} {'is ambiguous' if found else 'is missing'}"
            )
        self._used.add(found[0])
        return found[0]


def _without_cell(name: str) -> str:
    *layers, _, weight = ["", *name.split("/")]
    return "/".join([*layers[1:], weight])


def _call(layer: keras.Layer, inputs: list[Any]) -> Any:
    """Call a layer; a recurrent layer takes its initial states after its input."""
    if len(inputs) > 1 and isinstance(layer, RECURRENT):
        both = isinstance(layer, keras.layers.Bidirectional)
        sizes = layer.forward_layer.cell.state_size if both else layer.cell.state_size
        count = np.size(sizes) * (2 if both else 1)
        if len(inputs) - 1 != count:
            raise ValueError(f"must have {count} initial states, not {len(inputs) - 1}")
        return layer(inputs[0], initial_state=inputs[1:])
    return layer(inputs if len(inputs) > 1 else inputs[0])


def _class_and_config(entry: Any) -> tuple[Any, Entry]:
    if not isinstance(entry, dict):
        raise ValueError(f"must be {{class_name, config}}, not {shorten(entry)}")
    class_name, config = entry.get("class_name"), entry.get("config")
    if class_name == "Sequential" and isinstance(config, list):  # before Keras 2.2.3
        config = {"name": "sequential", "layers": config}
    if not isinstance(config, dict):
        raise ValueError(f"must be {{class_name, config}}, not {shorten(entry)}")
    return class_name, config


def _read_input(entry: Any) -> Any:
    """Create the input of an InputLayer or of a Sequential's first layer."""
    class_name, config = _class_and_config(entry)
    shape = config.get("batch_input_shape")
    with error_context("batch_input_shape"):
        if not isinstance(shape, list) or not 0 < len(shape) <= _MAX_RANK:
            raise ValueError(f"must be a list of sizes, not {shorten(shape)}")
        if not all(size is None or is_whole(size, 1) for size in shape):
            raise ValueError(f"must have whole numbers or null, not {shorten(shape)}")
    dtype = config.get("dtype") or "float32"
    if dtype not in INPUT_DTYPES:
        raise ValueError(f"dtype: must be float32 or int32, not {shorten(dtype)}")
    name = check_name(config.get("name")) if class_name == "InputLayer" else None
    return keras.Input(batch_shape=tuple(shape), dtype=dtype, name=name)


def _read_nodes(nodes: Any) -> list[list[tuple[str, int, int]]]:
    with error_context("inbound_nodes"):
        if not isinstance(nodes, list) or len(nodes) > _MAX_CALLS:
            raise ValueError(f"must be a list of at most {_MAX_CALLS}, not {shorten(nodes)}")
        for node in nodes:
            if not isinstance(node, list) or not 0 < len(node) <= _MAX_CALLS:
                raise ValueError(f"must hold lists, not {shorten(node)}")
        return [[_read_history(history) for history in node] for node in nodes]


def _read_history(value: Any) -> tuple[str, int, int]:
    """Return the layer, call and output of a tensor reference."""
    if not isinstance(value, list) or not 3 <= len(value) <= 4 or not isinstance(value[0], str):
        raise ValueError(f"must be [layer, call, output], not {shorten(value)}")
    if not is_whole(value[1]) or not is_whole(value[2]) or (len(value) == 4 and value[3]):
        raise ValueError(f"must be [layer, call, output] without arguments, not {shorten(value)}")
    return value[0], value[1], value[2]


def _is_missing(calls: dict[str, list[Any]], history: tuple[str, int, int]) -> bool:
    return len(calls.get(history[0], ())) <= history[1]


def _find(calls: dict[str, list[Any]], history: tuple[str, int, int]) -> Any:
    name, call, output = history
    if _is_missing(calls, history) or len(calls[name][call]) <= output:
        raise ValueError(f"there is no tensor {list(history)}")
    return calls[name][call][output]


def _as_list(outputs: Any) -> list[Any]:
    return list(outputs) if isinstance(outputs, list | tuple) else [outputs]
