# Two commands do all set-up on a fresh machine: `make run` and `make test`.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

.PHONY: run test test-all lint types bench pictures clean

run: $(STAMP)
	@if [ -t 1 ]; then exec $(BIN)/deepdive; else $(BIN)/deepdive run chapter2 --scale pocket && $(BIN)/deepdive results last; fi

test: $(STAMP) lint types
	$(BIN)/python -m pytest -m "not slow"

test-all: $(STAMP) lint types
	$(BIN)/python -m pytest

lint: $(STAMP)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/lint-imports --no-cache

types: $(STAMP)
	@mkdir -p build/typing && ln -sfn ../.. build/typing/deepdive
	$(BIN)/mypy -p deepdive.engine -p deepdive.tui

bench: $(STAMP)
	$(BIN)/python -m benchmarks

pictures: $(STAMP)
	$(BIN)/python docs/pictures/draw.py

$(STAMP): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed; $(PYTHON) is $$($(PYTHON) --version). Try: make PYTHON=python3.12 run"; exit 1; }
	@[ -x $(BIN)/python ] || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install -q --upgrade "pip>=25.1" "setuptools>=77"
	$(BIN)/python -m pip install -q -c constraints.txt --group dev -e .
	$(BIN)/python -m compileall -q engine tui tutorials || true
	@touch $@

clean:
	rm -rf $(VENV) build *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis
