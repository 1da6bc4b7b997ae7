"""The training command on several workers: files, output, errors, signals and resuming."""

import os
import re
import shutil
import signal
import time
from pathlib import Path

import pytest

from lstm_text_generation import train
from tests.support.bottles import SMALL
from tests.support.shared_files import made_once
from tests.support.workers import started

pytestmark = pytest.mark.long

JOBS = ["chief", "worker", "worker"]


def lines(directory: Path, corpus: Path, *flags: str) -> list[list]:
    """Return the command of each worker; each has a save_path of its own, as on other machines."""
    line = [corpus, *SMALL, "--epochs=6", "--distribution=multi_worker", *flags]
    return [[*line, f"--save_path={directory / f'run-{n}'}"] for n in range(len(JOBS))]


def weights(directory: Path) -> bytes:
    return (directory / "run-0" / "weights.bin").read_bytes()


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory, corpus) -> Path:
    """The directory of three workers that trained without an interruption."""

    def train_all(directory: Path) -> None:
        with started(directory, JOBS, train, lines(directory, corpus)) as workers:
            assert workers.wait() == [0, 0, 0], workers.output(0)

    return made_once(tmp_path_factory, "uninterrupted", train_all)


def test_only_the_chief_writes_and_prints(uninterrupted):
    names = [path.name for path in uninterrupted.iterdir() if path.is_dir()]
    assert names == ["run-0"]
    assert (uninterrupted / "run-0" / "model.json").exists()
    assert "Epoch 6 of 6" in (uninterrupted / "worker-0.txt").read_text()
    for number in (1, 2):
        text = (uninterrupted / f"worker-{number}.txt").read_text()
        assert text == "One of 3 workers; the chief shows the progress and writes the run.\n"


def test_single_process_resumes_a_run_of_several_workers(uninterrupted, tmp_path, call, corpus):
    shutil.copytree(uninterrupted / "run-0", tmp_path / "run")
    line = [corpus, *SMALL, "--epochs=7", f"--save_path={tmp_path / 'run'}", "--resume"]
    code, out, err = call(train, *line)
    assert code == 0, err
    assert "Epoch 7 of 7" in out and "Epoch 6 of" not in out


LOST = "error: a worker was lost; start all workers again, with the same flags and --resume"


@pytest.mark.parametrize(("lost", "delay"), [(0, 0.0), (0, 0.05), (2, 0.05)])
def test_dead_worker_ends_all_and_resume_loses_nothing(
    uninterrupted, tmp_path, corpus, lost, delay
):
    """The chief or another worker dies within an epoch, and the other two end."""
    commands = lines(tmp_path, corpus)
    with started(tmp_path, JOBS, train, commands) as workers:
        workers.processes[0].wait_for("Epoch 3 of 6")
        time.sleep(delay)
        workers.processes[lost].process.kill()
        statuses = workers.wait()
        assert "Epoch 4 of 6" not in workers.output(0)  # The worker died within epoch 4.
        assert statuses.pop(lost) == -signal.SIGKILL and statuses == [os.EX_TEMPFAIL] * 2
        for number in {0, 1, 2} - {lost}:
            output = workers.output(number)
            assert output.splitlines()[-1] == LOST and "Traceback" not in output
        for number, command in enumerate(commands):
            workers.start(number, train, [*command, "--resume"])
        assert workers.wait() == [0, 0, 0], workers.output(0)
        assert workers.output(0).count("Epoch 2 of 6") == 1  # Epoch 2 was not repeated.
        for number in range(len(JOBS)):
            assert "Traceback" not in workers.output(number)
    assert weights(tmp_path) == weights(uninterrupted)


def test_worker_that_dies_before_the_start_can_be_restarted(uninterrupted, tmp_path, corpus):
    """The test restarts each worker that ends with status 75, as an orchestrator does."""
    commands = lines(tmp_path, corpus)
    with started(tmp_path, JOBS, train, commands[:2]) as workers:
        time.sleep(3)  # they wait for the third one
        workers.processes[1].process.kill()
        workers.processes[1].wait()
        for number in (1, 2):
            workers.start(number, train, commands[number])
        deadline = time.monotonic() + 120
        while any(worker.process.exitcode != 0 for worker in workers.processes):
            assert time.monotonic() < deadline, [workers.output(n) for n in range(len(JOBS))]
            for number, worker in enumerate(workers.processes):
                assert worker.process.exitcode in (None, 0, os.EX_TEMPFAIL), workers.output(number)
                if worker.process.exitcode:
                    workers.start(number, train, [*commands[number], "--resume"])
            time.sleep(0.1)
    assert weights(tmp_path) == weights(uninterrupted)


def test_only_the_chief_needs_the_run_directory(uninterrupted, tmp_path, corpus):
    shutil.copytree(uninterrupted / "run-0", tmp_path / "run-0")
    flags = ["--epochs=7", "--distribution=multi_worker", "--resume"]  # the rest is the run's
    commands = [[*flags, f"--save_path={tmp_path / f'run-{n}'}"] for n in range(len(JOBS))]
    with started(tmp_path, JOBS, train, commands) as workers:
        assert workers.wait() == [0, 0, 0], [workers.output(n) for n in range(len(JOBS))]
        assert "Epoch 7 of 7" in workers.output(0) and "Epoch 6 of 7" not in workers.output(0)
    assert weights(tmp_path) != weights(uninterrupted)


def test_error_on_the_chief_ends_all_workers(uninterrupted, tmp_path, corpus):
    commands = lines(tmp_path, corpus)
    commands[0].append(f"--save_path={uninterrupted / 'run-0'}")
    before = weights(uninterrupted)
    with started(tmp_path, JOBS, train, commands) as workers:
        assert workers.wait() == [1, 1, 1]
        for number in range(len(JOBS)):
            assert "holds a finished run; --resume goes on with it" in workers.output(number)
    assert weights(uninterrupted) == before


def test_damaged_checkpoints_end_all_workers(uninterrupted, tmp_path, corpus):
    shutil.copytree(uninterrupted / "run-0", tmp_path / "run-0")
    for file in (tmp_path / "run-0/checkpoints").iterdir():
        file.write_bytes(b"")
    with started(
        tmp_path, JOBS, train, lines(tmp_path, corpus, "--resume", "--epochs=7")
    ) as workers:
        assert workers.wait() == [1, 1, 1]
        for number in range(len(JOBS)):
            assert "can be read: all are damaged" in workers.output(number)


def test_unwritable_log_dir_ends_all_workers(tmp_path, corpus):
    commands = lines(tmp_path, corpus, f"--log_dir={corpus}")
    with started(tmp_path, JOBS, train, commands) as workers:
        assert workers.wait() == [1, 1, 1]
        for number in range(len(JOBS)):
            assert f"{corpus}: File exists" in workers.output(number)


def test_signal_to_one_worker_stops_all_with_a_checkpoint(uninterrupted, tmp_path, corpus):
    commands = lines(tmp_path, corpus)
    with started(tmp_path, JOBS, train, commands) as workers:
        workers.processes[0].wait_for("Epoch 2 of 6")
        workers.processes[1].send(signal.SIGTERM)
        assert workers.wait() == [143] * 3, workers.output(0)
        stops = [
            re.findall(r"Stopped after \d+ epochs and \d+ steps, with a checkpoint", output)
            for output in map(workers.output, range(len(JOBS)))
        ]
        assert len(stops[0]) == 1 and stops == stops[:1] * len(JOBS)  # at the same step
        for number, command in enumerate(commands):
            workers.start(number, train, [*command, "--resume"])
        assert workers.wait() == [0, 0, 0], workers.output(0)
    assert weights(tmp_path) == weights(uninterrupted)


def test_workers_with_different_flags_are_refused(tmp_path, corpus):
    commands = lines(tmp_path, corpus)
    commands[2].append("--epochs=7")
    with started(tmp_path, JOBS, train, commands) as workers:
        assert workers.wait() == [1, 1, 1]
        for number in range(len(JOBS)):
            assert "same flags and the same data" in workers.output(number)
        assert "epochs=7 (the chief: 6)" in workers.output(2)
    assert not list(tmp_path.glob("run-*"))
