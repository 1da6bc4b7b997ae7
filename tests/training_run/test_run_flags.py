"""The flags of a training command, and what `--resume` does with them."""

import sys

import pytest
from absl import flags

import fashion_mnist_vae.flags
import lstm_text_generation.flags
from keras_tfjs import command_line
from keras_tfjs.command_line import UserError
from tests.support.commands import fresh_flags
from training_run import run_flags

pytestmark = pytest.mark.quick

FLAGS = flags.FlagValues()
_run = run_flags.define_run_flags(
    run_flags.Definer(FLAGS), epochs=7, batch_size=32, save_path="somewhere"
)
GROUPS = run_flags.FlagGroups(
    kept=[
        *_run.kept,
        flags.DEFINE_float("rate", 0.5, "A rate.", 1e-12, flag_values=FLAGS),
        flags.DEFINE_float("share", 0.5, "A share.", 0, 0.99, flag_values=FLAGS),
        flags.DEFINE_enum("kind", "a", ["a", "b"], "A kind.", flag_values=FLAGS),
    ],
    changeable=_run.changeable,
    process=_run.process,
)
command_line.define_aliases(FLAGS)


@pytest.fixture
def parsed(monkeypatch):
    """Return a function that parses a command line. The flags are restored after the test."""

    def parse(*line):
        monkeypatch.setattr(sys, "argv", ["command", *line])
        return command_line.parse(FLAGS)

    with fresh_flags(FLAGS):
        yield parse


@pytest.mark.parametrize("given", ["--batchSize=9", "--batch_size=9"])
def test_saved_settings_are_defaults_of_missing_flags(parsed, given):
    parsed(given)
    saved = {"epochs": 77, "batch_size": 5, "rate": 0.25, "kind": None, "resume": True, "more": 1}
    run_flags.set_flag_defaults(FLAGS, saved, GROUPS)
    assert (FLAGS.epochs, FLAGS.batch_size, FLAGS.rate, FLAGS.kind) == (77, 9, 0.25, "a")
    assert not FLAGS.resume  # --resume belongs to the process, not to the run.
    assert GROUPS.settings() == {
        "batch_size": 9, "seed": 0, "max_minutes": 0.0, "rate": 0.25, "share": 0.5, "kind": "a",
        "epochs": 77,
    }  # fmt: skip


def test_epochs_override_max_minutes_of_a_resumed_run(parsed):
    parsed()
    run_flags.set_flag_defaults(FLAGS, {"epochs": 77, "max_minutes": 1.5}, GROUPS)
    assert run_flags.max_minutes(FLAGS) == 1.5
    parsed("--epochs=9")
    assert run_flags.max_minutes(FLAGS) == 0


def test_epochs_and_max_minutes_exclude_each_other(parsed):
    parsed("--maxMinutes=2")
    run_flags.set_flag_defaults(FLAGS, {"epochs": 12}, GROUPS)  # of a preset
    assert run_flags.max_minutes(FLAGS) == 2
    parsed("--maxMinutes=2", "--epochs=9")
    with pytest.raises(UserError, match="give one of them"):
        run_flags.max_minutes(FLAGS)


@pytest.mark.parametrize(
    "saved",
    [{"epochs": "abc"}, {"rate": -1}, {"rate": float("nan")}, {"kind": [1]}, {"epochs": {}}],
)
def test_damaged_settings_are_refused(parsed, saved):
    parsed()
    with pytest.raises(UserError, match="settings of the run to resume are damaged"):
        run_flags.set_flag_defaults(FLAGS, saved, GROUPS)


def test_run_path_refuses_the_root():
    with pytest.raises(UserError, match="--save_path=/ cannot be"):
        run_flags.run_path("/", "default")
    assert run_flags.run_path(None, "default").name == "default"


COMMANDS = [lstm_text_generation.flags, fashion_mnist_vae.flags]


@pytest.mark.parametrize("command", COMMANDS, ids=lambda module: module.__name__.split(".")[0])
def test_every_flag_is_in_one_group(command):
    """--resume ignores a flag that is in no group."""
    names = [holder.name for group in command.TRAIN_GROUPS for holder in group]
    aliases = {command_line.camel_case(name) for name in names}
    assert len(names) == len(set(names))
    assert set(command.TRAIN) == set(names) | (aliases - {None})
