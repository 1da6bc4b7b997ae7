"""Checks that TensorFlow.js passes on and uses masks as Keras does.

TensorFlow.js 4.22 handles some masks differently. A layer whose input has no mask gets the last
mask of another layer. Add and similar layers compute masks of a wrong shape. A model used as a
layer neither takes nor returns a mask. Bidirectional repeats an output where Keras has zeros. This
module follows the masks of both libraries through a model, and refuses a layer whose masks differ.
"""

import inspect
import itertools
from collections.abc import Iterator
from typing import NamedTuple

import keras
from keras import layers

from keras_tfjs.layer_classes import TABLE
from keras_tfjs.layer_config import Entry, error_context

_RECURRENT = (layers.RNN, layers.Bidirectional)
_USE_IN_KERAS = (layers.GlobalAveragePooling1D, layers.BatchNormalization)
# Layers that compute each step from that step alone, so masked steps do not affect others.
_EACH_STEP = (
    *(
        layers.Activation,
        layers.Dense,
        layers.Dropout,
        layers.ELU,
        layers.GaussianDropout,
        layers.GaussianNoise,
    ),
    *(layers.LeakyReLU, layers.PReLU, layers.ReLU, layers.SpatialDropout1D, layers.TimeDistributed),
)
_MERGING = (
    layers.Add,
    layers.Multiply,
    layers.Average,
    layers.Maximum,
    layers.Minimum,
    layers.Concatenate,
)
_BROKEN = "broken"  # a mask of a wrong shape, equal to no other mask
_INHERITED = "inherited"  # the mask of another layer
_DIFFERS = (
    "TensorFlow.js repeats an output at masked steps, Keras has zeros; so only recurrent layers "
    "and layers that compute each step by itself can follow"
)


_STATES = (
    "is called with a mask and initial states; if the first step is masked, TensorFlow.js outputs "
    "the initial state, Keras zeros"
)


class _Masks(NamedTuple):
    """The masks of a tensor: None, or a name for the mask's values.

    Attributes:
      of_keras: the mask in Keras.
      of_js: the mask in TensorFlow.js.
      differs: whether the tensor differs between the libraries at masked steps.
    """

    of_keras: str | None = None
    of_js: str | None = None
    differs: bool = False


class _Call(NamedTuple):
    """A call of a layer.

    Attributes:
      name: the layer's name.
      number: the call's number.
      inputs: the layer, call and output of each input tensor.
      mask: the mask argument of the call in Keras's config; "" if there is none.
    """

    name: str
    number: int
    inputs: list[tuple[str, int, int]]
    mask: str = ""

    @property
    def key(self) -> tuple[str, int]:
        return self.name, self.number


def check_masks(topology: Entry, model: keras.Model) -> None:
    """Check that TensorFlow.js uses the masks that Keras uses.

    Args:
      topology: the model as `topology.write_model` describes it. The mask arguments are removed,
        because TensorFlow.js does not know them.
      model: the same model.

    Raises:
      ValueError: a layer would compute something different. The message names the layer.
    """
    for entry in topology["config"]["layers"]:
        if "layers" in entry["config"]:
            check_masks(entry, model.get_layer(_name(entry)))
    _Checker(topology, model).check()


def has_masks(model: keras.Model) -> bool:
    """Tell whether a layer of a model, or of a nested model, creates masks."""
    return _has(model, _is_masking)


class _Checker:
    """Follows the masks of both libraries through one model."""

    def __init__(self, topology: Entry, model: keras.Model):
        self._model = model
        self._calls = list(_calls(topology))
        self._outputs: dict[tuple[str, int], _Masks] = {}
        self._upstream: dict[tuple[str, int], set[tuple[str, int]]] = {}
        self._ends = topology["config"].get("output_layers", [[*self._calls[-1].key, 0]])

    def check(self) -> None:
        for call in self._calls:
            sources = [ref[:2] for ref in call.inputs]
            self._upstream[call.key] = set(sources).union(
                *(self._upstream.get(source, ()) for source in sources)
            )
            layer = self._model.get_layer(call.name)
            self._outputs[call.key] = _output_masks(layer, call, self._masks(call))
        for call in self._calls:
            layer = self._model.get_layer(call.name)
            with error_context(f"layer {layer.name!r} ({type(layer).__name__})"):
                self._check_call(layer, call)
        for name, number, *_ in self._ends:
            if self._outputs.get((name, number), _Masks()).differs:
                raise ValueError(f"layer {name!r}: {_DIFFERS}")

    def _masks(self, call: _Call) -> list[_Masks]:
        """Return the masks of the inputs of a call."""
        found = []
        for name, number, index in call.inputs:
            masks = self._outputs.get((name, number), _Masks())
            # Output 0 is the layer's output. The others are states, which have no mask in Keras.
            found.append(masks if index == 0 else masks._replace(of_keras=None, differs=False))
        return found

    def _check_call(self, layer: keras.Layer, call: _Call) -> None:
        masks = self._masks(call)
        in_keras = masks[0].of_keras if masks else None
        in_js = masks[0].of_js if masks else None
        if not any(mask.of_js for mask in masks) and self._may_inherit(call):
            in_js = _INHERITED
        if any(mask.differs for mask in masks) and not _takes_differences(layer):
            raise ValueError(_DIFFERS)
        if isinstance(layer, layers.ConvLSTM2D) and (in_keras or in_js):
            raise ValueError("TensorFlow.js fails with a mask")
        if isinstance(layer, _RECURRENT):
            if in_js != in_keras:
                raise ValueError(
                    f"TensorFlow.js uses {_describe(in_js)}, Keras {_describe(in_keras)}"
                )
            if in_keras and len(call.inputs) > 1:
                raise ValueError(_STATES)
        if call.mask and call.mask != in_keras and not isinstance(layer, keras.Model):
            raise ValueError("is called with a mask that is not the mask of its input")
        if not isinstance(layer, _RECURRENT) and (
            (in_keras and _has(layer, _uses_in_keras)) or (in_js and _has(layer, _uses_in_js))
        ):
            raise ValueError("Keras and TensorFlow.js use its mask differently")

    def _may_inherit(self, call: _Call) -> bool:
        """Tell whether TensorFlow.js can pass the mask of another layer to this call."""
        return any(
            other.key != call.key
            and call.key not in self._upstream[other.key]
            and (any(mask.of_js for mask in self._masks(other)) or self._is_masking_model(other))
            for other in self._calls
        )

    def _is_masking_model(self, call: _Call) -> bool:
        layer = self._model.get_layer(call.name)
        return isinstance(layer, keras.Model) and has_masks(layer)


def _output_masks(layer: keras.Layer, call: _Call, masks: list[_Masks]) -> _Masks:
    """Return the masks of a call's first output."""
    first = masks[0] if masks else _Masks()
    own = f"{call.name}/{call.number}"
    if _is_masking(layer):
        kind = f"Masking {layer.mask_value}" if isinstance(layer, layers.Masking) else "Embedding"
        mask = _mask_name([*call.inputs[0], kind])
        return _Masks(mask, mask)
    if isinstance(layer, keras.Model):
        masked = first.of_keras or has_masks(layer)
        return _Masks(own if masked else None, None)
    if isinstance(layer, _RECURRENT):
        inner = layer.forward_layer if isinstance(layer, layers.Bidirectional) else layer
        if not inner.return_sequences:
            return _Masks()
        return first._replace(differs=bool(inner.zero_output_for_mask and first.of_keras))
    if isinstance(layer, _MERGING):
        return _merged(layer, own, masks)
    if isinstance(layer, layers.Dot) or not masks:
        return _Masks()
    row = TABLE.get(type(layer).__name__)
    return _Masks(
        first.of_keras if layer.supports_masking else None,
        first.of_js if row and row.passes_mask else None,
        first.differs,
    )


def _merged(layer: keras.Layer, own: str, masks: list[_Masks]) -> _Masks:
    of_keras, of_js = {mask.of_keras for mask in masks}, {mask.of_js for mask in masks}
    differs = any(mask.differs for mask in masks)
    if isinstance(layer, layers.Concatenate):
        if of_keras == of_js and len(of_keras) == 1 and _is_last(layer.axis, layer):
            return masks[0]._replace(differs=differs)
        return _Masks(None if of_keras == {None} else own, None if of_js == {None} else _BROKEN)
    in_keras = None if None in of_keras else of_keras.pop() if len(of_keras) == 1 else own
    return _Masks(in_keras, None if of_js == {None} else _BROKEN, differs)


def _is_last(axis: int, layer: keras.Layer) -> bool:
    return axis in (-1, len(keras.tree.flatten(layer.output)[0].shape) - 1)


def _is_masking(layer: keras.Layer) -> bool:
    return isinstance(layer, layers.Masking) or bool(getattr(layer, "mask_zero", False))


def _takes_differences(layer: keras.Layer) -> bool:
    return isinstance(layer, (*_RECURRENT, *_EACH_STEP, *_MERGING))


def _uses_in_keras(layer: keras.Layer) -> bool:
    """Tell whether a mask changes what the layer computes in Keras."""
    if isinstance(layer, keras.Model):
        return False  # its layers are checked by themselves
    if type(layer).__name__ in TABLE:
        return isinstance(layer, (*_RECURRENT, *_USE_IN_KERAS, layers.Softmax))
    return "mask" in inspect.signature(layer.call).parameters


def _uses_in_js(layer: keras.Layer) -> bool:
    """Tell whether a mask changes what the layer computes in TensorFlow.js."""
    return isinstance(layer, (*_RECURRENT, layers.Softmax))


def _describe(mask: str | None) -> str:
    if mask == _BROKEN:
        return "a mask of a wrong shape"
    return {None: "no mask", _INHERITED: "the mask of another layer"}.get(mask, "a mask")


def _has(layer: keras.Layer, test) -> bool:
    """Tell whether a layer, or a layer inside it, passes a test."""
    inner = layer.layers if isinstance(layer, keras.Model) else []
    if isinstance(layer, layers.TimeDistributed):
        inner = [layer.layer]
    return bool(test(layer)) or any(_has(item, test) for item in inner)


def _calls(topology: Entry) -> Iterator[_Call]:
    """Yield the calls of a model's layers, each call after the calls that make its inputs."""
    entries = topology["config"]["layers"]
    if topology["class_name"] == "Sequential":
        for before, entry in itertools.pairwise(entries):
            yield _Call(_name(entry), 0, [(_name(before), 0, 0)])
        return
    waiting = [
        _Call(
            entry["name"],
            number + ("layers" in entry["config"]),
            [tuple(ref[:3]) for ref in node],
            _mask_name(node[0][3].pop("mask", [])),
        )
        for entry in entries
        for number, node in enumerate(entry["inbound_nodes"])
    ]
    done = {(entry["name"], 0) for entry in entries if not entry["inbound_nodes"]}
    while waiting:
        ready = [call for call in waiting if all(ref[:2] in done for ref in call.inputs)]
        yield from ready
        done |= {call.key for call in ready}
        waiting = [call for call in waiting if call.key not in done]


def _mask_name(source: list) -> str:
    return "/".join(map(str, source))


def _name(entry: Entry) -> str:
    return entry["config"]["name"]
