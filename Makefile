# make run | test | check | bench | faults | lock. The environment is made from the hash-pinned locks.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
ARQ := .venv-arq

.PHONY: run test check bench faults lock system-packages

run: $(VENV)/.run
	@exec $(BIN)/python -m bot

test: $(VENV)/.dev system-packages
	$(BIN)/python -m pytest

check: $(VENV)/.dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m locales.check

bench: $(VENV)/.dev $(ARQ)/.made system-packages
	$(BIN)/python -m bench

# Every way to fail, in full: less than an hour. A short version of it is in make test.
faults: $(VENV)/.dev system-packages
	$(BIN)/python -m tests.faults --write

lock: $(VENV)/.dev
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
		--no-emit-index-url --no-annotate --no-header pyproject.toml -o requirements.lock
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
		--no-emit-index-url --no-annotate --no-header pyproject.toml --group dev \
		-o requirements-dev.lock
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
		--no-emit-index-url --no-annotate --no-header --group arq -o bench/arq.lock

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "Python 3.11 or newer is needed; name one with make PYTHON=python3.12 …"; exit 1; }
	@$(PYTHON) -m venv $(VENV) \
		|| { echo "Python cannot make an environment; on Debian: apt-get install python3-venv"; exit 1; }

$(VENV)/.run: requirements.lock | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@touch $@

$(VENV)/.dev: requirements-dev.lock requirements.lock | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	@touch $@ $(VENV)/.run

# arq takes only older clients of the store than ours, so this peer has an environment of its own.
$(ARQ)/.made: bench/arq.lock | $(VENV)/bin/python
	@$(PYTHON) -m venv $(ARQ)
	$(ARQ)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r bench/arq.lock
	@touch $@

# The browser, the tools that read metadata back, and what the benchmarks compare with.
system-packages:
	@sh tests/system-packages.sh
