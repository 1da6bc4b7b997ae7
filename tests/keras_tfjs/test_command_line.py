import os
import subprocess
import sys

import pytest
from absl import flags

from harness import ROOT
from keras_tfjs import command_line
from keras_tfjs.command_line import UserError
from tests.support.commands import assert_one_line

seen: dict[str, object] = {}
# fmt: off
FLAGS = flags.FlagValues()
flags.DEFINE_integer("epochs", 7, "Epochs.", 1, flag_values=FLAGS)
flags.DEFINE_integer("batch_size", 32, "Examples.", 1, 10**5, flag_values=FLAGS)
flags.DEFINE_integer("seed", 0, "Random seed.", 0, 2**31 - 1, flag_values=FLAGS)
flags.DEFINE_string("save_path", None, "A directory.", flag_values=FLAGS)
flags.DEFINE_boolean("gpu", False, "A switch.", flag_values=FLAGS)
flags.DEFINE_float("rate", 0.5, "A rate.", 1e-12, flag_values=FLAGS)
flags.DEFINE_float("share", 0.5, "A share.", 0, 0.99, flag_values=FLAGS)
flags.DEFINE_enum("kind", "a", ["a", "b"], "A kind.", flag_values=FLAGS)
# fmt: on
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


def test_flags_and_arguments_parse_in_any_order(run):
    assert run("one", "--batchSize", "64", "--save_path=x", "two", "--gpu")[0] == 0
    assert seen["arguments"] == ["one", "two"]
    assert (seen["batch_size"], seen["save_path"], seen["gpu"]) == (64, "x", True)
    assert (seen["epochs"], seen["rate"]) == (7, 0.5)


@pytest.mark.parametrize(
    "flag",
    ["--epochs=0", "--epochs=-3", "--epochs=1.5", "--epochs=many", "--batch_size=0", "--rate=0",
     "--rate=nan", "--rate=inf", "--rate=-1", "--share=1", "--share=-0.1", "--share=nan",
     "--kind=c", "--seed=-1", "--seed=99999999999", "--batch_size=1000000000000000000000"],
)  # fmt: skip
def test_bad_value_prints_one_line_that_names_the_flag(run, flag):
    assert_one_line(run(flag), flag.split("=")[0].lstrip("-"), flag.split("=")[1][:9], status=2)
    assert not seen


def test_unknown_flag_prints_a_suggestion(run):
    assert_one_line(run("--epoch=3"), "Unknown command line flag 'epoch'", "epochs", status=2)


def test_user_error_prints_one_line(run):
    assert_one_line(run("fail"), "it did not work")


def test_os_error_prints_one_line(run):
    assert_one_line(run("full"), "/some/file: No space left on device")


@pytest.mark.parametrize(
    "whose",
    # TensorFlow tries to allocate for ten seconds.
    ["memory", pytest.param("tensorflow's memory", marks=pytest.mark.long)],
)
def test_too_little_memory_prints_one_line(run, whose):
    assert_one_line(run(whose), "too little memory; smaller layers or a smaller --batch_size")


def test_broken_pipe_without_unicode_exits_silently():
    code = "from tests.keras_tfjs import test_command_line as t; t.cli()"
    line = f"{sys.executable} -c '{code}' print | head -2; echo ${{PIPESTATUS[0]}}"
    environment = {**os.environ, "PYTHONIOENCODING": "ascii"}
    result = subprocess.run(
        ["bash", "-c", line], capture_output=True, text=True, cwd=ROOT, env=environment
    )
    assert result.stdout.splitlines() == ["0 ?", "1 ?", "141"] and result.stderr == ""


@pytest.mark.parametrize("help_flag", ["--help", "-h"])
def test_help_shows_usage_flags_defaults_and_aliases(run, help_flag):
    code, out, _ = run(help_flag)
    assert code == 0 and not seen
    assert out.startswith("Usage text\n")
    for words in ("--epochs=7\n", "--batch_size=32  (--batchSize)\n", "--gpu\n", "<a|b>: A kind."):
        assert words in out


def test_help_into_head_prints_no_error():
    line = f"{sys.executable} -m fashion_mnist_vae.train --help | head -1"
    result = subprocess.run(["bash", "-c", line], capture_output=True, text=True, cwd=ROOT)
    assert result.stdout.startswith("Train a variational") and result.stderr == ""


@pytest.mark.quick
@pytest.mark.parametrize(
    ("argument", "text"),
    [("ä", "ä"), ("\udcc3\udca4", "ä"), ("\udcff", "\ufffd"), ("\ud800a", "\ufffda")],
    ids=["text", "UTF-8 bytes", "other bytes", "half of a pair"],
)
def test_arguments_are_readable(argument, text):
    assert command_line.readable(argument) == text
