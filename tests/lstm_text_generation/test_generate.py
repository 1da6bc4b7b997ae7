"""The generate command, run as a user runs it."""

import shutil

import pytest

from lstm_text_generation import generate
from tests.support.bottles import TEXT
from tests.support.commands import assert_one_line, command


def generated_texts(out: str) -> list[str]:
    """Return the texts between the quotation marks after `Generated text:`."""
    return [part[1:].rsplit('"', 1)[0] for part in out.split("Generated text:\n")[1:]]


def test_command_of_the_book_generates_text(text_run, corpus):
    """The command gets the original's arguments and flags, and runs in its own process."""
    result = command(
        generate.__name__, corpus, text_run / "model.json", "--genLength", "50", "--temperature",
        "0.6",
    )  # fmt: skip
    assert result.returncode == 0, result.stderr
    (text,) = generated_texts(result.stdout)
    assert len(text) == 50 and set(text) <= set(TEXT)
    seed_text = result.stdout.split('Seed text:\n"')[1][:12]
    assert seed_text in TEXT


def test_generate_needs_only_the_run_directory(call, text_run):
    code, out, err = call(generate, text_run, "--gen_length=33", "--seed=3", "--num_samples=7")
    assert code == 0 and err == ""
    texts = generated_texts(out)
    assert [len(text) for text in texts] == [33] * 7 and len(set(texts)) == 7
    assert (
        texts[0] == generated_texts(call(generate, text_run, "--gen_length=33", "--seed=3")[1])[0]
    )
    assert generated_texts(call(generate, text_run)[1]) != generated_texts(
        call(generate, text_run)[1]
    )


def test_greedy_text_is_deterministic(call, text_run):
    line = [text_run, "--temperature=0", "--seed_text=7 green bottles"]
    first, second = (generated_texts(call(generate, *line)[1]) for _ in range(2))
    assert first == second and len(first[0]) == 200
    assert first == generated_texts(call(generate, *line, "--top_k=1", "--temperature=5")[1])


def test_windowed_mode_generates_text(call, text_run):
    code, out, _ = call(generate, text_run, "--mode=windowed", "--gen_length=20", "--seed=1")
    assert code == 0 and len(generated_texts(out)[0]) == 20


def test_generate_runs_inside_the_run_directory(call, text_run, corpus, monkeypatch):
    expected = call(generate, text_run, "--seed=1")
    monkeypatch.chdir(text_run)
    assert call(generate, ".", "--seed=1") == expected
    code, _, err = call(generate, corpus, "model.json", "--seed=1")
    assert code == 0, err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], ["name the directory of a finished run"]),
        (["{run}/no/model.json"], ["there is no", "no/model.json", "lstm_text_generation.train"]),
        (["{run}/model.keras"], ["model.keras: name the run's directory instead, {run}"]),
        (["{run}/nothing"], ["nothing is not a finished run"]),
        (["{run}", "--seed_text=Ça va?"], ["does not know these characters", "'?' 'v' 'Ç'"]),
        (["{run}", "--seed_text="], ["at least 1, but has a length of 0"]),
        (["{run}", "--seed_text=hang", "--mode=windowed"],
         ["Seed text must have a length of at least 12, but has a length of 4."]),
        (["nietzshe", "{run}"], ["did you mean nietzsche?"]),
    ],
)  # fmt: skip
def test_generate_rejects_bad_input(call, text_run, arguments, words):
    assert_one_line(
        call(generate, *(a.format(run=text_run) for a in arguments)),
        *(word.format(run=text_run) for word in words),
    )


@pytest.mark.parametrize(
    "flag", ["--temperature=-1", "--temperature=nan", "--genLength=0", "--mode=x", "--top_k=-1"]
)
def test_generate_rejects_bad_flags(call, flag):
    assert_one_line(call(generate, flag), status=2)


@pytest.mark.parametrize(
    ("name", "words"),
    [("model.json", "is not a model that can write text"), ("weights.bin", "weights: need")],
)
def test_generate_rejects_damaged_files(call, text_run, tmp_path, name, words):
    run = tmp_path / "run"
    shutil.copytree(text_run, run)
    data = (run / name).read_bytes()
    (run / name).write_bytes(data[: len(data) // 2])
    assert_one_line(call(generate, run), str(run / "model.json"), words)
    (run / name).unlink()
    missing = "there is no" if name == "model.json" else "'weights.bin' is missing"
    assert_one_line(call(generate, run), missing)


def test_generate_reads_no_file_with_code(call, text_run, tmp_path):
    """The command opens no Keras file, SavedModel or checkpoint of an unknown run."""
    run = tmp_path / "run"
    shutil.copytree(text_run, run)
    expected = call(generate, run, "--seed=1")
    for file in [*run.glob("*.keras"), *run.glob("saved_model/**/*"), *run.glob("checkpoints/*")]:
        if file.is_file():
            file.write_bytes(b"not to be read")
    assert call(generate, run, "--seed=1") == expected
