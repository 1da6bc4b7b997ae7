"""The page of results has the figures of the runs' files."""

import json
import shutil

import pytest

from keras_tfjs.command_line import UserError
from lstm_text_generation import corpora
from lstm_text_generation.model import evaluate
from reproduce import document, measure, runs

PLAN = runs.Plan(text_epochs=(3,), image_epochs=(1, 3), examples_per_epoch=320)


@pytest.fixture
def directory(tmp_path, text_run, image_run):
    """The runs of a plan, each a copy of the small run that all tests share."""
    for objective in runs.OBJECTIVES:
        shutil.copytree(text_run, runs.text_run(tmp_path, objective, 3))
    for reconstruction in runs.RECONSTRUCTIONS:
        shutil.copytree(image_run, runs.image_run(tmp_path, reconstruction))
    return tmp_path


def test_page_has_the_figures_of_the_runs(directory, tmp_path):
    page = tmp_path / "docs/results.md"
    document.write(page, directory, PLAN)
    text = page.read_text()
    assert "{" not in text and "`bottles`" in text
    run = runs.text_run(directory, "every_char", 3)
    last = runs.history(run)[-1]
    assert f"| {last['val_loss']:.2f} | {last['bits_per_char']:.2f} |" in text
    for temperature, written in measure.sample_texts(run).items():
        assert f'(temperature={temperature}):\n"{written}"' in (run / "samples.txt").read_text()
        assert document.markdown_cell(written) in text
    images = runs.history(runs.image_run(directory, "mse"))
    for epoch in (1, 3):
        row = images[epoch - 1]
        assert f"| {epoch} | {row['loss']:.2f} | {row['val_loss']:.2f} |" in text
    pictures = sorted(path.name for path in (tmp_path / "docs/images").iterdir())
    assert len(pictures) == 5 and all(f"(images/{name})" in text for name in pictures)


def test_markdown_cell_escapes_special_characters():
    assert document.markdown_cell("a|b*c\n  <i>_\n") == (
        "<code>a&#124;b&#42;c</code><br><code>&nbsp; &lt;i&gt;&#95;</code><br>"
    )


def test_last_model_has_the_last_epochs_weights(text_run):
    text_data = measure.load_text(text_run)
    held_out = evaluate(measure.last_model(text_run), text_data.validation_windows(0.0625))
    assert held_out == pytest.approx(runs.history(text_run)[-1]["val_loss"], abs=1e-6)


def test_each_stage_goes_on_from_the_previous_stage(tmp_path, text_run, corpus, monkeypatch):
    monkeypatch.setattr(runs, "SHARED", tmp_path)
    first = runs.text_run(tmp_path, "every_char", 3)
    shutil.copytree(text_run, first)
    plan = PLAN._replace(text_epochs=(3, 4))
    runs.train_text(tmp_path, str(corpus), "every_char", plan)
    second = runs.text_run(tmp_path, "every_char", 4)
    assert [runs.trained_epochs(run) for run in (first, second)] == [3, 4]
    assert runs.history(second)[:3] == runs.history(first)
    made = (second / "model.json").stat().st_mtime_ns
    runs.train_text(tmp_path, str(corpus), "every_char", plan)
    assert (second / "model.json").stat().st_mtime_ns == made
    with pytest.raises(
        UserError, match="epoch-003 was trained with examples_per_epoch=320; delete"
    ):
        runs.train_text(tmp_path, str(corpus), "every_char", plan._replace(examples_per_epoch=64))


def test_load_text_refuses_a_text_that_has_changed(tmp_path, text_run):
    run, text = tmp_path / "run", tmp_path / "other.txt"
    shutil.copytree(text_run, run)
    text.write_text("Once upon a time there was another text. " * 9)
    content = json.loads((run / "run.json").read_text()) | {"corpus": str(text)}
    (run / "run.json").write_text(json.dumps(content))
    with pytest.raises(UserError, match="other.txt has changed since"):
        measure.load_text(run)


def test_choose_corpus_prefers_the_books_text(directory, tmp_path, corpus, monkeypatch):
    nowhere = corpora.Download("http://127.0.0.1:9/", 5_458_199, "Shakespeare's works")
    monkeypatch.setitem(corpora.TEXT_DATA_URLS, "shakespeare", nowhere)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(runs, "SHARED", tmp_path / "shared")
    none = tmp_path / "none"
    assert runs.choose_corpus(none) == "tiny_shakespeare"
    half = tmp_path / "shared/texts/shakespeare-first-half.txt"
    half.parent.mkdir(parents=True)
    half.write_text("To be")
    assert runs.choose_corpus(none) == str(half)
    cached = tmp_path / "cache/lstm_text_generation/shakespeare.txt"
    cached.parent.mkdir(parents=True, exist_ok=True)
    cached.write_text("To be, or not to be")
    assert runs.choose_corpus(none) == "shakespeare"
    assert runs.choose_corpus(directory) == str(corpus)  # the corpus of the existing runs
