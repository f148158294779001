# Two commands on a fresh machine: `make run` and `make test`. They need python3 (3.11 or newer) and make.
PYTHON ?= python3
BIN := .venv/bin
export UV_PYTHON_DOWNLOADS := never
# Tests start hundreds of processes; where bytecode is not kept, each compiles everything again.
unexport PYTHONDONTWRITEBYTECODE
STAMP := .venv/.ready
# Of tests, at once: one more than there are processors, since many wait for a server.
WORKERS = $(shell $(PYTHON) -c 'import os; print((os.cpu_count() or 1) + 1)')

.PHONY: setup run test test-crash check format bench docs requirements clean

setup: $(STAMP)

$(STAMP): requirements-dev.txt pyproject.toml client/pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Carwire needs Python 3.11 or newer")'
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check uv
	$(BIN)/uv pip install --quiet --python $(BIN)/python -r requirements-dev.txt
	$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --editable . --editable ./client
	touch $(STAMP)

run: setup
	@exec $(BIN)/carwire up --demo

test: setup
	$(BIN)/pytest -n $(WORKERS) -q

check: setup
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	$(BIN)/pytest -n $(WORKERS) -q

# Servers and databases are killed while events flow: the large runs, some ten minutes.
test-crash: setup
	CARWIRE_CRASH=1 $(BIN)/pytest -q -s tests/crash/test_kills.py -k large

format: setup
	$(BIN)/ruff check --fix --quiet . || true
	$(BIN)/ruff format .

bench: setup
	$(BIN)/python tests/bench/run.py

# The reference pages that are written from the code; a test fails when they are out of date.
docs: setup
	$(BIN)/python tools/reference_pages.py
	$(BIN)/python tools/signal_codes.py

# Names and versions only: what `setup` installs, for every platform at once.
requirements: setup
	$(BIN)/uv pip compile --quiet --universal --upgrade --python-version 3.11 --no-header --no-annotate --extra dev \
	  --no-emit-package carwire pyproject.toml --output-file requirements-dev.txt
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --no-header --no-annotate --extra batch --extra postgres \
	  --constraint requirements-dev.txt pyproject.toml --output-file requirements.txt

clean:
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis
