"""The notebooks run from top to bottom."""

import nbformat
import pytest
from nbclient import NotebookClient

from harness import ROOT

pytestmark = pytest.mark.long

# Fewer epochs, to save time.
REPLACEMENTS = {
    "lstm_text_generation": {"num_epochs=4": "num_epochs=1"},
    "fashion_mnist_vae": {"epochs=5": "epochs=1"},
}


@pytest.mark.parametrize("name", REPLACEMENTS)
def test_notebook_runs(name, tmp_path, monkeypatch, request):
    if name == "fashion_mnist_vae":
        datasets = request.getfixturevalue("shared_datasets")
        monkeypatch.setenv("TFDS_DATA_DIR", str(datasets / "tensorflow_datasets"))
    notebook = nbformat.read(ROOT / f"notebooks/{name}.ipynb", as_version=4)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    for long, short in REPLACEMENTS[name].items():
        (cell,) = (cell for cell in code if long in cell.source)
        cell.source = cell.source.replace(long, short)
    (tmp_path / "notebooks").mkdir()
    kernel = {"metadata": {"path": str(tmp_path / "notebooks")}}
    NotebookClient(notebook, timeout=300, resources=kernel).execute()
    printed = "".join(output.get("text", "") for cell in code for output in cell.outputs)
    assert "'epoch': 1," in printed and "the same to the last bit: True" in printed
    pictures = [o for cell in code for o in cell.outputs if o.output_type == "display_data"]
    assert any({"image/png", "image/jpeg"} & set(picture.data) for picture in pictures)


@pytest.mark.parametrize("name", REPLACEMENTS)
def test_stored_outputs_have_no_errors(name):
    notebook = nbformat.read(ROOT / f"notebooks/{name}.ipynb", as_version=4)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    outputs = [output for cell in code for output in cell.outputs]
    assert len(outputs) >= 5
    assert not [output for output in outputs if output.get("name") == "stderr"]
    assert not [output for output in outputs if output.output_type == "error"]
