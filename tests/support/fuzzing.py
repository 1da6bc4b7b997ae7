"""How the fuzz tests draw: the same cases in `make test`, others without end in `make fuzz`."""

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

_TIMES = int(os.environ.get("FUZZ", "0"))  # `make fuzz`: so many times more, drawn anew
SECONDS, MEMORY = 5, 10**9  # that no input may take


def fuzzed(cases: int) -> Callable:
    """Return the settings of a test with so many cases."""
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
    """Assert that what Python and numpy allocate, and what becomes resident, is below the bound."""
    peak = _peak()
    tracemalloc.start()
    try:
        yield
        assert tracemalloc.get_traced_memory()[1] < MEMORY
        assert _peak() - peak < MEMORY  # TensorFlow's too
    finally:
        tracemalloc.stop()


def _peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


@st.composite
def damaged(draw: st.DrawFn, content: bytes) -> bytes:
    """Return bytes with some replaced, added, repeated or cut out."""
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
    """Return JSON with one value, anywhere, replaced or removed; or with damaged characters."""
    if draw(st.integers(0, 9)) == 0:
        text = draw(damaged(json.dumps(content).encode()))
        return text.decode("latin-1")
    changed = copy.deepcopy(content)
    *way, last = draw(st.sampled_from(places(content)))
    place = changed
    for key in way:
        place = place[key]
    if draw(st.booleans()):
        place[last] = draw(JSON_VALUES)
    else:
        del place[last]
    return json.dumps(changed)


def places(value: Any, keys: tuple = ()) -> list[tuple]:
    """Return the paths of keys to everything in a JSON value, a few of a long list."""
    found = [keys] if keys else []
    items = list(value.items()) if isinstance(value, dict) else []
    if isinstance(value, list):
        items = list(enumerate(value))[:5]
    for key, item in items:
        found += places(item, (*keys, key))
    return found
