"""`keras_tfjs` does not depend on the rest of the repository."""

import ast
import subprocess
import sys

from harness import ROOT

OTHERS = {"fashion_mnist_vae", "lstm_text_generation", "training_run", "tests", "benchmarks"}


def test_package_imports_nothing_of_this_repository():
    for file in (ROOT / "keras_tfjs").glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom):
                names = [node.module or ""]
            assert not {name.split(".")[0] for name in names} & OTHERS, (file, names)


def test_help_imports_neither_keras_nor_a_backend():
    code = (
        "import sys; from keras_tfjs import convert\n"
        "assert not {'keras', 'tensorflow', 'jax', 'torch'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT)
