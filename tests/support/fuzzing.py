"""Strategies for the fuzz tests: the same cases in `make test`, new cases in `make fuzz`."""

import copy
import json
import os
import resource
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

_TIMES = int(os.environ.get("FUZZ", "0"))  # factor of the number of cases in `make fuzz`
SECONDS, MEMORY = 5, 10**9  # limits for each input


def fuzzed(cases: int) -> Callable:
    """Return the settings of a test with a number of cases."""
    return settings(
        max_examples=cases * max(1, _TIMES),
        derandomize=not _TIMES,
        deadline=1000 * SECONDS,
        database=None,
        suppress_health_check=[
            HealthCheck.function_scoped_fixture,
            HealthCheck.too_slow,
            HealthCheck.data_too_large,
        ],
    )


@contextmanager
def bounded_memory() -> Iterator[None]:
    """Assert that allocations by Python and numpy and new resident memory stay below the limit."""
    peak = _peak()
    tracemalloc.start()
    try:
        yield
        assert tracemalloc.get_traced_memory()[1] < MEMORY
        assert _peak() - peak < MEMORY  # includes TensorFlow's memory
    finally:
        tracemalloc.stop()


def _peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


@st.composite
def damaged(draw: st.DrawFn, content: bytes) -> bytes:
    """Replace, insert, repeat or delete some of the bytes."""
    data = bytearray(content)
    for _ in range(draw(st.integers(1, 3))):
        begin = draw(st.integers(0, len(data)))
        end = draw(st.sampled_from([begin, begin + 1, begin + 4, begin + 100, len(data)]))
        new = draw(st.one_of(st.binary(max_size=6), st.just(bytes(data[begin:end]) * 2)))
        data[begin:end] = new
    return bytes(data)


JSON_VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.integers(-3, 9),
    st.sampled_from([2**31, 2**63, 10**400, 1e308, 0.5]),
    st.text(max_size=5),
    st.sampled_from(["LSTM", "Dense", "Sequential", "relu", "float32", "\ud800", "../x", "\0"]),
    st.lists(st.one_of(st.none(), st.integers(-2, 5), st.text(max_size=3)), max_size=4),
    st.dictionaries(st.sampled_from(["class_name", "config", "name"]), st.text(max_size=5)),
)


@st.composite
def damaged_json(draw: st.DrawFn, content: Any) -> str:
    """Replace or delete one JSON value, or damage characters of the JSON text."""
    if draw(st.integers(0, 9)) == 0:
        text = draw(damaged(json.dumps(content).encode()))
        return text.decode("latin-1")
    changed = copy.deepcopy(content)
    *keys, last = draw(st.sampled_from(places(content)))
    container = changed
    for key in keys:
        container = container[key]
    if draw(st.booleans()):
        container[last] = draw(JSON_VALUES)
    else:
        del container[last]
    return json.dumps(changed)


def places(value: Any, keys: tuple = ()) -> list[tuple]:
    """Return the path of keys to each item of a JSON value, with at most five items of a list."""
    found = [keys] if keys else []
    items = list(value.items()) if isinstance(value, dict) else []
    if isinstance(value, list):
        items = list(enumerate(value))[:5]
    for key, item in items:
        found += places(item, (*keys, key))
    return found
