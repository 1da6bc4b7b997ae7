# make demo    train both examples on this machine and read what they make
# make test    set up what is missing and run every test
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
DEMO := saved_models/demo

.PHONY: demo test bench-lstm bench-vae lock clean

demo: $(VENV)/installed
	$(BIN)/python -m lstm_text_generation.train python-docs --epochs=15 --overwrite --save_path=$(DEMO)/python-docs
	$(BIN)/python -m fashion_mnist_vae.train --epochs=5 --overwrite --save_path=$(DEMO)/fashion_mnist
	$(BIN)/python -m lstm_text_generation.generate $(DEMO)/python-docs --seed=1

test: $(VENV)/installed-dev
	$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/mypy
	$(BIN)/python -m pytest

bench-lstm bench-vae: $(VENV)/installed-dev
	$(BIN)/python -m benchmarks.$(if $(findstring lstm,$@),lstm_text_generation,fashion_mnist_vae)

# The versions that CI tests with; edit pyproject.toml, then run this.
lock: $(VENV)/installed-dev
	$(BIN)/python -m pip freeze --exclude-editable > requirements.lock

clean:
	rm -rf $(VENV) build *.egg-info

$(VENV)/installed: pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10) and "Python 3.10 or newer is needed; name it with make PYTHON=...")'
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --editable .
	touch $@

$(VENV)/installed-dev: $(VENV)/installed
	$(BIN)/python -m pip install --quiet --editable '.[dev]'
	touch $@
