"""The learning rate schedule."""

import math

import pytest

from training_run.schedule import rate_factor

pytestmark = pytest.mark.quick


@pytest.mark.parametrize(
    ("fraction_done", "expected"), [(0, 1), (0.25, (1 + math.sqrt(0.5)) / 2), (0.5, 0.5), (1, 0)]
)
def test_cosine_falls_from_one_to_zero(fraction_done, expected):
    assert rate_factor("cosine", fraction_done, 1000, 0) == pytest.approx(expected, abs=1e-12)
    assert rate_factor("constant", fraction_done, 1000, 0) == 1


def test_warmup_rises_to_the_rate():
    assert [rate_factor("constant", 0, step, 3) for step in range(5)] == [0.25, 0.5, 0.75, 1, 1]
    assert rate_factor("cosine", 0.5, 1, 3) == 0.25
