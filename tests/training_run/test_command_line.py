import os
import subprocess
import sys

import pytest
from absl import flags

import fashion_mnist_vae.flags
import lstm_text_generation.flags
from tests.conftest import ROOT, assert_one_line, fresh_flags
from training_run import command_line, run_flags
from training_run.command_line import UserError

seen: dict[str, object] = {}
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


def main(arguments):
    seen.update({name: getattr(FLAGS, name) for name in FLAGS}, arguments=arguments)
    if arguments == ["fail"]:
        raise UserError("it did\nnot work")
    if arguments == ["full"]:
        raise OSError(28, "No space left on device", "/some/file")
    if arguments == ["memory"]:
        bytearray(2**60)
    if arguments == ["tensorflow's memory"]:
        import tensorflow as tf

        tf.zeros([2**50])
    if arguments == ["print"]:
        for number in range(100_000):
            print(number, "\N{SNOWMAN}")


def cli():
    command_line.run(main, FLAGS, lambda: "Usage text\n")


@pytest.fixture
def run(call):
    seen.clear()
    return lambda *arguments: call(sys.modules[__name__], *arguments)


def test_flags_aliases_and_arguments_in_any_order(run):
    assert run("one", "--batchSize", "64", "--save_path=x", "two", "--gpu")[0] == 0
    assert seen["arguments"] == ["one", "two"]
    assert (seen["batch_size"], seen["save_path"], seen["gpu"]) == (64, "x", True)
    assert (seen["epochs"], seen["rate"], seen["resume"]) == (7, 0.5, False)


@pytest.mark.parametrize(
    "flag",
    ["--epochs=0", "--epochs=-3", "--epochs=1.5", "--epochs=many", "--batch_size=0", "--rate=0",
     "--rate=nan", "--rate=inf", "--rate=-1", "--share=1", "--share=-0.1", "--share=nan",
     "--kind=c", "--seed=-1", "--seed=99999999999", "--batch_size=1000000000000000000000"],
)  # fmt: skip
def test_bad_values_end_in_one_line_that_names_the_flag(run, flag):
    assert_one_line(run(flag), flag.split("=")[0].lstrip("-"), flag.split("=")[1][:9], status=2)
    assert not seen


def test_unknown_flags_get_a_suggestion(run):
    assert_one_line(run("--epoch=3"), "Unknown command line flag 'epoch'", "epochs", status=2)


def test_a_user_error_is_one_line(run):
    assert_one_line(run("fail"), "it did not work")


def test_an_error_of_the_system_is_one_line(run):
    assert_one_line(run("full"), "/some/file: No space left on device")


@pytest.mark.parametrize("whose", ["memory", "tensorflow's memory"])
def test_too_little_memory_is_one_line(run, whose):
    assert_one_line(run(whose), "too little memory; smaller layers or a smaller --batch_size")


def test_a_reader_that_goes_away_and_a_terminal_without_unicode():
    code = "from tests.training_run import test_command_line as t; t.cli()"
    line = f"{sys.executable} -c '{code}' print | head -2; echo ${{PIPESTATUS[0]}}"
    environment = {**os.environ, "PYTHONIOENCODING": "ascii"}
    result = subprocess.run(
        ["bash", "-c", line], capture_output=True, text=True, cwd=ROOT, env=environment
    )
    assert result.stdout.splitlines() == ["0 ?", "1 ?", "141"] and result.stderr == ""


@pytest.fixture
def parsed(monkeypatch):
    """Return a function that parses a command line; the flags are as before after the test."""

    def parse(*line):
        monkeypatch.setattr(sys, "argv", ["command", *line])
        return command_line.parse(FLAGS)

    with fresh_flags(FLAGS):
        yield parse


@pytest.mark.parametrize("given", ["--batchSize=9", "--batch_size=9"])
def test_saved_settings_are_defaults_for_flags_that_are_not_given(parsed, given):
    parsed(given)
    saved = {"epochs": 77, "batch_size": 5, "rate": 0.25, "kind": None, "resume": True, "more": 1}
    run_flags.set_flag_defaults(FLAGS, saved, GROUPS)
    assert (FLAGS.epochs, FLAGS.batch_size, FLAGS.rate, FLAGS.kind) == (77, 9, 0.25, "a")
    assert not FLAGS.resume  # which is about the process, not the run
    assert GROUPS.settings() == {
        "batch_size": 9, "seed": 0, "rate": 0.25, "share": 0.5, "kind": "a", "epochs": 77,
    }  # fmt: skip


@pytest.mark.parametrize(
    "saved",
    [{"epochs": "abc"}, {"rate": -1}, {"rate": float("nan")}, {"kind": [1]}, {"epochs": {}}],
)
def test_damaged_settings_are_one_line(parsed, saved):
    parsed()
    with pytest.raises(UserError, match="settings of the run to be resumed are damaged"):
        run_flags.set_flag_defaults(FLAGS, saved, GROUPS)


@pytest.mark.parametrize("help_flag", ["--help", "-h"])
def test_help_shows_usage_flags_defaults_and_aliases(run, help_flag):
    code, out, _ = run(help_flag)
    assert code == 0 and not seen
    assert out.startswith("Usage text\n")
    for words in ("--epochs=7\n", "--batch_size=32  (--batchSize)\n", "--gpu\n", "<a|b>: A kind."):
        assert words in out


def test_help_can_be_cut_off():
    line = f"{sys.executable} -m fashion_mnist_vae.train --help | head -1"
    result = subprocess.run(["bash", "-c", line], capture_output=True, text=True, cwd=ROOT)
    assert result.stdout.startswith("Train a variational") and result.stderr == ""


def test_a_run_path_must_have_a_name():
    with pytest.raises(UserError, match="--save_path=/ cannot be"):
        run_flags.run_path("/", "default")
    assert run_flags.run_path(None, "default").name == "default"


COMMANDS = [lstm_text_generation.flags, fashion_mnist_vae.flags]


@pytest.mark.parametrize("command", COMMANDS, ids=lambda module: module.__name__.split(".")[0])
def test_every_flag_is_in_one_group(command):
    """A flag that is in no group would be forgotten by --resume."""
    names = [holder.name for group in command.TRAIN_GROUPS for holder in group]
    aliases = {command_line.camel_case(name) for name in names}
    assert len(names) == len(set(names))
    assert set(command.TRAIN) == set(names) | (aliases - {None})
