import os
import subprocess
import sys

import pytest
from absl import flags

from tests.conftest import ROOT, assert_one_line
from training_run import command_line
from training_run.command_line import FLAGS, UserError, define

seen: dict[str, object] = {}


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


def define_flags():
    command_line.define_run_flags(7, 32, "somewhere")
    define(flags.DEFINE_float, "rate", 0.5, "A rate.", check=command_line.POSITIVE)
    define(flags.DEFINE_float, "share", 0.5, "A share.", check=command_line.FRACTION)
    define(flags.DEFINE_enum, "kind", "a", "A kind.", values=["a", "b"])


def cli():
    command_line.run(main, define_flags, lambda: "Usage text\n")


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


def test_adopted_values_fill_what_the_command_line_leaves_out(run):
    run("--batchSize=9")
    saved = {"epochs": 77, "batch_size": 5, "rate": 0.25, "kind": None, "more": 1}
    command_line.adopt(saved, ["epochs", "batch_size", "rate", "kind", "share"])
    assert (FLAGS.epochs, FLAGS.batch_size, FLAGS.rate, FLAGS.kind) == (77, 9, 0.25, "a")


@pytest.mark.parametrize("saved", [{"epochs": "abc"}, {"rate": -1}, {"kind": [1]}, {"epochs": {}}])
def test_adopted_values_that_cannot_be(run, saved):
    run()
    with pytest.raises(UserError, match="settings of the run to be resumed are damaged"):
        command_line.adopt(saved, list(saved))


def test_a_log_dir_that_cannot_be_made(run, tmp_path):
    (tmp_path / "file").write_text("x")
    run(f"--log_dir={tmp_path / 'file'}")
    with pytest.raises(FileExistsError):  # an OSError, so one line at the end
        command_line.make_log_dir()


@pytest.mark.parametrize("help_flag", ["--help", "-h"])
def test_help_shows_usage_flags_defaults_and_aliases(run, help_flag):
    code, out, _ = run(help_flag)
    assert code == 0 and not seen
    assert out.startswith("Usage text\n")
    for words in ("--epochs=7\n", "--batch_size=32  (--batchSize)\n", "--gpu\n", "<a|b>: A kind."):
        assert words in out


def test_a_run_path_must_have_a_name(run):
    run("--save_path=/")
    with pytest.raises(UserError, match="--save_path=/ cannot be"):
        command_line.run_path("default")
    run()
    assert command_line.run_path("default").name == "default"
