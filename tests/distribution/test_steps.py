"""Several workers compute the same as one worker."""

from pathlib import Path

import numpy as np
import pytest

from tests.support import steps
from tests.support.shared_files import made_once
from tests.support.workers import started

pytestmark = pytest.mark.long

KINDS = {"1": "none", "2": "multi_worker", "4": "multi_worker", "mirrored": "mirrored"}


@pytest.fixture(scope="module")
def figures(tmp_path_factory) -> dict[str, list[dict[str, np.ndarray]]]:
    """The results of each process, for 1, 2 and 4 workers and two mirrored replicas."""

    def compute(directory: Path) -> None:
        for name, kind in KINDS.items():
            count = int(name) if name.isdecimal() else 1
            lines = [[kind, directory / f"{name}-{n}.npz"] for n in range(count)]
            with started(directory / name, ["worker"] * count, steps, lines) as workers:
                assert workers.wait() == [0] * count, workers.output(0)

    directory = made_once(tmp_path_factory, "steps", compute)
    return {
        name: [dict(np.load(file)) for file in sorted(directory.glob(f"{name}-*.npz"))]
        for name in KINDS
    }


several = pytest.mark.parametrize("name", ["2", "4", "mirrored"])
models = pytest.mark.parametrize("model", ["text", "dropout", "images"])


@several
@models
def test_first_gradient_equals_a_single_process(figures, name, model):
    (alone,) = figures["1"]
    for worker in figures[name]:
        names = [key for key in alone if key.startswith(f"{model}/gradient/")]
        assert len(names) > 3
        for key in names:
            largest = np.abs(alone[key]).max()
            assert largest > 0
            np.testing.assert_allclose(worker[key], alone[key], rtol=0, atol=1e-5 * largest)


@several
@models
def test_losses_are_within_one_percent(figures, name, model):
    (alone,) = figures["1"]
    losses = alone[f"{model}/losses"]
    assert len(losses) == 50 and losses[-1] < losses[0]
    for worker in figures[name]:
        np.testing.assert_allclose(worker[f"{model}/losses"], losses, rtol=0.01)
        epoch_loss = alone[f"{model}/epoch_loss"]
        assert worker[f"{model}/epoch_loss"] == pytest.approx(epoch_loss, rel=0.01)


@several
@pytest.mark.parametrize("model", ["text", "images"])
def test_validation_loss_is_within_one_percent(figures, name, model):
    (alone,) = figures["1"]
    for worker in figures[name]:
        key = f"{model}/val_loss"
        assert worker[key] == pytest.approx(alone[key], rel=0.01)
        assert worker[key] == figures[name][0][key]  # because all workers must decide alike


@several
@models
def test_all_replicas_have_identical_weights(figures, name, model):
    found = [
        weights
        for worker in figures[name]
        for key, weights in worker.items()
        if key.startswith(f"{model}/weights/")
    ]
    assert len(found) == {"2": 2, "4": 4, "mirrored": 2}[name]
    for weights in found[1:]:
        np.testing.assert_array_equal(weights, found[0])


@pytest.mark.parametrize("name", ["2", "4"])
def test_each_row_belongs_to_one_worker(figures, name):
    rows = np.concatenate([worker["rows"] for worker in figures[name]])
    assert len(rows) == 10 and set(rows) == set(range(10))
