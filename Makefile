# make demo       train both examples, and generate a text
# make check      linters, types and quick tests, in a minute
# make test       linters and all tests except the long ones; tests in TensorFlow.js are skipped without
#                 npm, a C++ compiler and chromium
# make test-long  the long tests: faults, several workers, whole models, training in a page
# make fuzz       generate bad input for the commands and loaders until a test fails
# make audit      check the locked dependencies for known vulnerabilities
# make web        open the pages in your browser, with the models in saved_models/
# make site       build the pages as a static site: dist/
# make bench      measure training, text generation and start-up: docs/benchmarks.md
# make reproduce  reproduce the book's table and figures, in about an hour: docs/results.md
# CONTRIBUTING.md lists the other targets.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
DEMO := saved_models/demo

.PHONY: demo web site lint check test test-long fuzz audit test-converter test-jax notebooks reproduce bench bench-scaling bench-recipes bench-long bench-pages docs-tfjs docs-tfjs-operations zoo lock clean

demo: $(VENV)/installed
	$(BIN)/python -m lstm_text_generation.train python-docs --preset=fast --overwrite --save_path=$(DEMO)/python-docs
	$(BIN)/python -m fashion_mnist_vae.train --preset=fast --epochs=5 --overwrite --save_path=$(DEMO)/fashion_mnist
	$(BIN)/python -m lstm_text_generation.generate $(DEMO)/python-docs --seed=1

lint: $(VENV)/installed-dev
	$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/mypy

check: lint
	$(BIN)/python -m pytest -n 2 --dist worksteal -m quick

test: lint node_modules/installed
	$(BIN)/python -m pytest -n 2 --dist worksteal

# Kills, full disks, signals and bad input; several workers; large texts; training in a page; whole
# models and all functions of Keras in TensorFlow.js; the notebooks; wheels in empty environments.
test-long: $(VENV)/installed-dev node_modules/installed
	$(BIN)/python -m pytest -n 2 --dist worksteal -m long

fuzz: $(VENV)/installed-dev
	while FUZZ=20 $(BIN)/python -m pytest -q -m "" -k "fuzz or mutated"; do :; done; exit 1

# Needs the registries' lists of vulnerabilities, which mirrors may not have.
audit: .venv-audit/installed
	.venv-audit/bin/pip-audit --strict --no-deps --disable-pip --requirement requirements.lock
	npm audit --omit=dev

web: $(VENV)/installed node_modules/packages saved_models/corpora/python-docs.txt
	npx vite --open

site: node_modules/packages saved_models/corpora/python-docs.txt
	npx vite build

# Run the official converter on our SavedModels, in a separate environment of 2.9 GB.
test-converter: $(VENV)/installed-dev node_modules/installed .venv-converter/installed
	$(BIN)/python -m pytest -m converter

# Test keras_tfjs with Keras on JAX, without TensorFlow, in a separate environment of 0.7 GB.
test-jax: $(VENV)/installed-dev node_modules/installed .venv-jax/installed
	$(BIN)/python -m pytest -m jax

notebooks: $(VENV)/installed-dev
	cd notebooks && ../$(BIN)/jupyter execute --inplace *.ipynb

# An hour; minutes with QUICK=--quick.
reproduce: $(VENV)/installed
	$(BIN)/python -m reproduce $(QUICK)

# Two hours: writes docs/benchmarks.md. Half an hour if bench-recipes has trained. DATA=--data_dir=...
# sets the datasets' directory.
bench: $(VENV)/installed-dev node_modules/installed
	$(BIN)/python -m benchmarks.report $(DATA)

# Two minutes: measure training on several processes, for docs/scaling.md.
bench-scaling: $(VENV)/installed-dev
	$(BIN)/python -m benchmarks.scaling

# Hours: train with the presets and other settings, for docs/recipes.md. NAMES=... are names in
# benchmarks/recipes.py.
bench-recipes: $(VENV)/installed-dev
	$(BIN)/python -m benchmarks.recipes $(NAMES) $(DATA)

# A quarter of an hour: memory and speed over 150 epochs with the default flags, for docs/long_run.md.
bench-long: $(VENV)/installed-dev
	$(BIN)/python -m benchmarks.long_run $(DATA)

# Ten minutes, after make demo: measure the pages and the training in a page, for docs/pages.md.
bench-pages: site
	node benchmarks/pages.mjs "$$(command -v chromium)" dist > docs/pages.md

# An hour: compare the zoo in TensorFlow.js with Keras's exports to ONNX and LiteRT, in a separate
# environment, and convert keras.applications: docs/tfjs_zoo.md.
zoo: $(VENV)/installed-dev node_modules/installed .venv-zoo/installed
	mkdir -p build/zoo
	.venv-zoo/bin/python -m benchmarks.zoo_peers .venv-zoo/node_modules build/zoo/peers.json
	$(BIN)/python -m benchmarks.zoo_applications build/zoo/applications.json
	$(BIN)/python -m benchmarks.zoo .venv-zoo/node_modules build/zoo/peers.json build/zoo/applications.json

docs-tfjs: $(VENV)/installed-dev node_modules/installed
	$(BIN)/python -m pytest -q tests/keras_tfjs
	TF_CPP_MIN_LOG_LEVEL=3 $(BIN)/python -m benchmarks.keras_tfjs

# Write the versions that CI uses. Run this after a change of pyproject.toml.
lock: $(VENV)/installed-dev
	$(BIN)/python -m pip freeze --exclude-editable > requirements.lock

# Ten minutes: compare each operation on each backend with TensorFlow, for keras_tfjs/operations.csv.
docs-tfjs-operations: $(VENV)/installed-dev node_modules/installed
	TF_CPP_MIN_LOG_LEVEL=3 $(BIN)/python -m benchmarks.keras_tfjs_operations

clean:
	rm -rf $(VENV) .venv-converter .venv-jax .venv-audit .venv-zoo node_modules build dist *.egg-info

# Upgrade pip, because the pip of Python 3.10 still searched for versions after 14 minutes.
$(VENV)/installed: pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10) and "Python 3.10 or newer is needed; name it with make PYTHON=...")'
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --editable .
	touch $@

$(VENV)/installed-dev: $(VENV)/installed
	$(BIN)/python -m pip install --quiet --editable '.[dev]'
	touch $@

node_modules/packages: package-lock.json
	npm ci --silent
	touch $@

# Without npm, the tests in TensorFlow.js are skipped.
node_modules/installed: package-lock.json tests/keras_tfjs/build_tfjs_node.sh
	@if ! command -v npm >/dev/null; then \
	  echo "npm is not installed: the tests in TensorFlow.js will be skipped"; \
	else \
	  $(MAKE) node_modules/packages && \
	  tests/keras_tfjs/build_tfjs_node.sh $(BIN)/python && touch $@; \
	fi

# A corpus for the pages that needs no network.
saved_models/corpora/python-docs.txt: $(VENV)/installed
	mkdir -p $(@D)
	$(BIN)/python -c "from lstm_text_generation import corpora; \
	  open('$@', 'w', newline='').write(corpora.load('python-docs'))"

# The official converter does not start with newer releases of ydf.
.venv-converter/installed:
	$(PYTHON) -m venv .venv-converter
	.venv-converter/bin/python -m pip install --quiet tensorflowjs==4.22.0 ydf==0.11.0
	touch $@

.venv-jax/installed: keras_tfjs/pyproject.toml
	$(PYTHON) -m venv .venv-jax
	.venv-jax/bin/python -m pip install --quiet jax --editable ./keras_tfjs
	touch $@

.venv-audit/installed:
	$(PYTHON) -m venv .venv-audit
	.venv-audit/bin/python -m pip install --quiet pip-audit
	touch $@

.venv-zoo/installed:
	$(PYTHON) -m venv .venv-zoo
	.venv-zoo/bin/python -m pip install --quiet keras==3.15.1 tensorflow-cpu==2.21.0 \
	  tf2onnx==1.17.0 onnx==1.23.2 ai-edge-litert==2.3.0
	npm install --silent --no-save --prefix .venv-zoo onnxruntime-web@1.30.0 @litertjs/core@2.5.3
	touch $@
