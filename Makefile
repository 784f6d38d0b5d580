# Everything here needs Python >= 3.11 and make; each target makes the environment it needs.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: help demo test test-all check docs lock bench clean

help:
	@echo "make demo      the main job on real data: SMS Spam, from rows to answers over HTTP"
	@echo "make test      the quick tests"
	@echo "make check     ruff, pyright strict, import contracts, docs"
	@echo "make test-all  every test, the slow ones too"
	@echo "make bench     the accuracy table of benchmarks/ (needs the shared data sets)"
	@echo "make lock      renew the lock files (needs uv)"

.venv/.base: requirements.lock pyproject.toml
	$(PYTHON) -c "import sys; sys.exit(sys.version_info < (3, 11) and 'modelwright needs Python 3.11 or newer; say make PYTHON=python3.12')"
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps -e .
	touch $@

.venv/.dev: .venv/.base requirements-dev.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.lock
	touch $@

demo: .venv/.base
	$(BIN)/python examples/demo.py

test: .venv/.dev
	$(BIN)/python -m pytest -q -m "not slow"

test-all: .venv/.dev
	$(BIN)/python -m pytest -q

check: .venv/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pyright
	$(BIN)/lint-imports --no-cache  # its cache keeps modules that were renamed
	$(BIN)/python -m pytest -q tests/docs

bench: .venv/.dev
	$(BIN)/python benchmarks/accuracy.py

docs: .venv/.dev
	$(BIN)/python docs/generate_commands.py

lock:
	uv pip compile pyproject.toml --universal --python-version 3.11 --no-emit-index-url --no-header -q -o requirements.lock
	uv pip compile pyproject.toml --group dev --universal --python-version 3.11 --no-emit-index-url --no-header -q -c requirements.lock -o requirements-dev.lock

clean:
	rm -rf .venv demo
