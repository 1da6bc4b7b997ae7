"""Any input ends in at most one line: no traceback, no hang, no unlimited memory."""

import gzip
import json
import shutil
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

import fashion_mnist_vae.download
import fashion_mnist_vae.evaluate
import fashion_mnist_vae.generate
import fashion_mnist_vae.load
import fashion_mnist_vae.train
import keras_tfjs.convert
import lstm_text_generation.evaluate
import lstm_text_generation.generate
import lstm_text_generation.load
import lstm_text_generation.train
from fashion_mnist_vae.data import IDX_FILES, load_directory
from keras_tfjs import command_line
from keras_tfjs.command_line import UserError
from lstm_text_generation import corpora
from lstm_text_generation.data import TextData
from tests.support.bottles import TEXT
from tests.support.commands import fresh_flags
from tests.support.fuzzing import bounded_memory, damaged, damaged_json, fuzzed
from tests.support.shapes import write_dataset

pytestmark = pytest.mark.long

VALUES = st.one_of(
    st.integers().map(str),
    st.integers(-2, 200).map(str),
    st.floats().map(str),
    st.text(max_size=8).filter(lambda text: "\0" not in text),
    st.sampled_from(["", "0", "-0", "1e-400", "1e400", "nan", "-inf", "0x10", "1_0", "٣", "true",
                     "None", ",", "8,", "8,8", "-", "--", "=", "adam", "bce", "windowed", "..",
                     "~", "mnist", "\ud800"]),
)  # fmt: skip


def one_line(capfd, module, main, arguments) -> int:
    """Run a command in this process, and assert that it prints at most one line of error."""
    sys.argv = [module.__name__, *arguments]
    capfd.readouterr()
    with fresh_flags(module.FLAGS), pytest.raises(SystemExit) as exit_:
        command_line.run(main or module.main, module.FLAGS, lambda: "")
    error = capfd.readouterr().err
    assert exit_.value.code in (0, 1, 2)
    assert (error.count("\n"), error[:7]) == (1, "error: ") if exit_.value.code else error == ""
    return exit_.value.code


COMMANDS = [
    fashion_mnist_vae.train, fashion_mnist_vae.generate, fashion_mnist_vae.evaluate,
    fashion_mnist_vae.download, lstm_text_generation.train, lstm_text_generation.generate,
    lstm_text_generation.evaluate, keras_tfjs.convert,
]  # fmt: skip


@fuzzed(350)
@given(data=st.data())
@pytest.mark.parametrize("module", COMMANDS, ids=lambda module: module.__name__)
def test_any_flag_value_is_accepted_or_named(capfd, monkeypatch, module, data):
    """Each case has five flags. The flags' own checks accept or refuse the values."""
    monkeypatch.setattr(sys, "argv", [])
    names = st.sampled_from(list(module.FLAGS))
    flags = data.draw(st.lists(st.tuples(names, VALUES), min_size=5, max_size=5))

    def main(arguments):
        for name in module.FLAGS:
            value = getattr(module.FLAGS, name)
            assert value == value  # not NaN

    one_line(capfd, module, main, [f"--{name}={value}" for name, value in flags])


TRAIN = {"text": lstm_text_generation.train, "images": fashion_mnist_vae.train}
# These flags would start a training or create a directory.
EXCLUDED = {"save_path", "savePath", "resume", "overwrite", "log_dir", "logDir", "gpu"}


@fuzzed(400)
@given(data=st.data())
@pytest.mark.parametrize("kind", TRAIN)
def test_any_flag_value_ends_in_one_line(
    capfd, monkeypatch, corpus, shapes_dir, text_run, image_run, kind, data
):
    """No case trains, because --save_path holds a finished run."""
    monkeypatch.setattr(sys, "argv", [])
    if kind == "text":
        line = [str(corpus), f"--save_path={text_run}"]
    else:
        line = ["--dataset=shapes", f"--data_dir={shapes_dir}", f"--save_path={image_run}"]
    names = st.sampled_from(sorted(set(TRAIN[kind].FLAGS) - EXCLUDED))
    flags = data.draw(st.lists(st.tuples(names, VALUES), min_size=1, max_size=3))
    with bounded_memory():
        assert one_line(capfd, TRAIN[kind], None, [*line, *(f"--{n}={v}" for n, v in flags)])


ENCODINGS = ["utf-8", "utf-8-sig", "utf-16", "utf-32", "utf-7", "latin-1", "ascii", "cp1252",
             "shift_jis", "gb18030", "big5", "euc-kr", "iso2022_jp", "hz", "idna", "punycode",
             "unicode_escape", "raw_unicode_escape", "rot13", "hex", "zip", "", "x"]  # fmt: skip
BASE = ("\ufeff" + TEXT[:300] + "Größe, naïve, 海上, 😀\r\n" * 3).encode()


@fuzzed(5400)
@given(data=st.one_of(damaged(BASE), st.binary(max_size=300)), encoding=st.sampled_from(ENCODINGS),
       length=st.integers(1, 80))  # fmt: skip
def test_any_corpus_is_accepted_or_refused(tmp_path, data, encoding, length):
    file = tmp_path / "corpus.txt"
    file.write_bytes(data)
    with bounded_memory():
        try:
            text = corpora.load(str(file), encoding=encoding)
        except UserError as error:
            assert "corpus.txt" in str(error) or "is not an encoding" in str(error)
            return
        try:
            text_data = TextData("corpus", text, length, 3)
        except ValueError as error:
            assert "The text has " in str(error)
            return
        assert text_data.text_len() == len(text) and text_data.fingerprint()
        assert "".join(text_data.char_set()).encode("utf-8")


@pytest.fixture(scope="module")
def idx_files(tmp_path_factory):
    """The bytes of the four files of a small dataset, plain and compressed."""
    directory = write_dataset(tmp_path_factory.mktemp("idx"), "", train=6, test=3)
    plain = {file.name: file.read_bytes() for file in directory.iterdir()}
    return plain | {f"{name}.gz": gzip.compress(content) for name, content in plain.items()}


@fuzzed(3000)
@given(data=st.data())
def test_any_idx_files_are_accepted_or_refused(tmp_path, idx_files, data):
    shutil.rmtree(tmp_path / "idx", ignore_errors=True)
    (tmp_path / "idx").mkdir()
    suffix = data.draw(st.sampled_from(["", ".gz"]))
    names = [f"{name}{suffix}" for name in IDX_FILES]
    hit = data.draw(st.sampled_from(names))
    for name in names:
        content = idx_files[name]
        (tmp_path / "idx" / name).write_bytes(
            data.draw(damaged(content)) if name == hit else content
        )
    with bounded_memory():
        try:
            found = load_directory(tmp_path / "idx", "shapes")
        except UserError as error:
            assert str(tmp_path / "idx") in str(error)
            return
    assert found.train_images.shape[1] == found.test_images.shape[1] > 0
    assert len(found.test_images) == len(found.test_labels) > 0


LOADERS = {
    "text": (lstm_text_generation.load.load_model, "."),
    "images": (fashion_mnist_vae.load.load_decoder, "decoder"),
}


@fuzzed(600)
@given(data=st.data())
@pytest.mark.parametrize("kind", LOADERS)
def test_any_model_json_is_accepted_or_refused(tmp_path, text_run, image_run, kind, data):
    """The damage may also hit the metadata: the character set or the shape of the images."""
    load, place = LOADERS[kind]
    run = text_run if kind == "text" else image_run
    directory = tmp_path / place
    directory.mkdir(exist_ok=True)
    shutil.copy(run / place / "weights.bin", directory)
    content = json.loads((run / place / "model.json").read_text())
    text = data.draw(damaged_json(content))
    (directory / "model.json").write_bytes(text.encode("utf-8", "surrogatepass"))
    with bounded_memory():
        try:
            model, description = load(tmp_path)
        except UserError as error:
            assert str(directory / "model.json") in str(error)
            return
    assert 4 * model.count_params() <= (directory / "weights.bin").stat().st_size
    if kind == "text":
        assert len(description["char_set"]) == model.input_shape[2]
        assert isinstance(description["seed_text"], str)


@fuzzed(150)
@given(data=st.data())
@pytest.mark.parametrize("kind", TRAIN)
def test_any_run_json_is_accepted_or_refused(
    capfd, monkeypatch, tmp_path, corpus, text_run, image_run, kind, data
):
    """No case trains, because the seed differs from the run's."""
    monkeypatch.setattr(sys, "argv", [])
    run, finished = tmp_path / "run", {"text": text_run, "images": image_run}[kind]
    (run / "checkpoints").mkdir(parents=True, exist_ok=True)
    (run / "checkpoints" / "epoch-000003-step-00000000.npz").touch()
    content = json.loads((finished / "run.json").read_text())
    text = data.draw(damaged_json(content))
    (run / "run.json").write_bytes(text.encode("utf-8", "surrogatepass"))
    named = ([str(corpus)] if kind == "text" else ["--dataset=shapes"]) * data.draw(st.booleans())
    line = [*named, "--resume", "--seed=7", f"--save_path={run}"]
    with bounded_memory():
        assert one_line(capfd, TRAIN[kind], None, line)
