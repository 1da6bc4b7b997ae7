"""Finds the operations that compute masks in the config of a functional model, and their sources.

The config lists the operations that compute the masks of Keras. TensorFlow.js computes masks
itself, so `save` leaves these operations out and keeps the source of each mask: the tensor from
which Embedding or Masking computes it.
"""

from typing import Any

from keras_tfjs.layer_config import Entry

Entries = dict[str, Entry]  # entries of a model's config, by name
_CLASSES = {"NotEqual", "Any", "LogicalOr", "ExpandDims", "ZerosLike", "OnesLike", "Concatenate"}


def mask_operations(entries: Entries) -> set[str]:
    """Return the names of the operations that compute the masks in layer calls."""
    found: set[str] = set()
    nodes = [node for entry in entries.values() for node in entry.get("inbound_nodes", ())]
    waiting = [tensor for node in nodes for tensor in _tensors(node["kwargs"].get("mask"))]
    while waiting:
        name = _history(waiting.pop())[0]
        if name not in found and _is_operation(entries[name]):
            found.add(name)
            for node in entries[name]["inbound_nodes"]:
                waiting += _tensors([*node["args"], *node["kwargs"].values()])
    return found


def mask_source(entries: Entries, mask: Any) -> list[Any]:
    """Return the source of a mask.

    Returns:
      [layer, call, output, kind]: the tensor, and "Embedding", "Masking" with the masked value, or
      "unknown".
    """
    tensors = _tensors(mask)
    found = [source for tensor in tensors for source in _sources(entries, tensor)]
    unknown = [*_history(tensors[0]), "unknown"]
    return found[0] if found and all(source == found[0] for source in found) else unknown


def _sources(entries: Entries, tensor: Entry) -> list[list[Any]]:
    """Return the sources of a mask; a merged mask has several."""
    operation = entries[_history(tensor)[0]]
    class_name = operation["class_name"]
    if not _is_operation(operation) or class_name == "OnesLike":
        return [[*_history(tensor), "unknown"]]
    inputs = operation["inbound_nodes"][0]["args"]
    if class_name == "NotEqual":
        return [[*_history(inputs[0]), "Embedding" if inputs[1] == 0 else f"Masking {inputs[1]}"]]
    if class_name == "ZerosLike":
        return []
    found = [source for inner in _tensors(inputs) for source in _sources(entries, inner)]
    if class_name == "Any":  # Masking compares all features of a step
        compared = entries[_history(_tensors(inputs)[0])[0]]
        if compared["class_name"] == "NotEqual":
            value = compared["inbound_nodes"][0]["args"][1]
            return [[*source[:3], f"Masking {value}"] for source in found]
    return found


def _is_operation(entry: Entry) -> bool:
    return entry["class_name"] in _CLASSES and str(entry.get("module")).startswith("keras.src.ops")


def _tensors(value: Any) -> list[Entry]:
    """Return the tensors in an argument of a call in a model's config."""
    if isinstance(value, dict) and value.get("class_name") == "__keras_tensor__":
        return [value]
    if isinstance(value, list | tuple):
        return [tensor for item in value for tensor in _tensors(item)]
    return []


def _history(tensor: Entry) -> list[Any]:
    return list(tensor["config"]["keras_history"])
