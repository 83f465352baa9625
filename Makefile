# Two commands do all set-up on a fresh machine: `make run` and `make test`.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

.PHONY: run test test-all lint types bench pictures lock clean

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

# Every file that is installed is known by its hash; torch comes from PyTorch's own index where there is no NVIDIA GPU.
DEVICE ?= $(shell nvidia-smi -L >/dev/null 2>&1 && echo cuda || echo cpu)
LOCK := requirements-$(DEVICE).txt
TORCH := build/torch-$(DEVICE).txt
TORCH_INDEX ?= $(if $(filter cpu,$(DEVICE)),--index-url https://download.pytorch.org/whl/cpu --retries 1 --timeout 60)
INSTALL := $(BIN)/python -m pip install -q --disable-pip-version-check --no-deps

$(STAMP): pyproject.toml $(LOCK)
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed; $(PYTHON) is $$($(PYTHON) --version). Try: make PYTHON=python3.12 run"; exit 1; }
	@[ -x $(BIN)/python ] || $(PYTHON) -m venv $(VENV)
	@mkdir -p build && sed -n '/^torch==/,/[^\\]$$/p' $(LOCK) > $(TORCH)
	$(INSTALL) --require-hashes $(TORCH_INDEX) -r $(TORCH)
	$(INSTALL) --require-hashes -r $(LOCK)
	@$(INSTALL) --no-build-isolation -e . >build/install.log 2>&1 || { cat build/install.log; exit 1; }
	$(BIN)/python -m compileall -q engine tui tutorials || true
	@touch $@

lock: $(STAMP)
	PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python .ci/lock.py $(if $(UPGRADE),--upgrade)

clean:
	rm -rf $(VENV) build *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis
