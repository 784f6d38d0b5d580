# Everything here needs Python >= 3.11 and make; each target makes the environment it needs.
PYTHON ?= python3
BIN := .venv/bin
BOOK := $(foreach name,reference small large l2 dropout,examples/book/$(name).py:model)

.PHONY: help demo test test-slow test-all check fuzz docs lock bench book clean

help:
	@echo "make demo      the main job on real data: SMS Spam, from rows to answers over HTTP"
	@echo "make test      the quick tests"
	@echo "make check     ruff, pyright strict, import contracts, docs"
	@echo "make test-all  every test: the quick ones, then the slow ones (make test-slow)"
	@echo "make fuzz      Schemathesis against the server's OpenAPI page"
	@echo "make book      chapter 5's experiment on IMDB: make book IMDB=imdb.parquet"
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
	$(BIN)/python -m pytest -q -n auto -m "not slow"

test-slow: .venv/.dev
	$(BIN)/python -m pytest -q -n auto -m slow

test-all: test test-slow

check: .venv/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pyright
	$(BIN)/lint-imports --no-cache  # its cache keeps modules that were renamed
	$(BIN)/python -m pytest -q tests/docs

fuzz: .venv/.dev
	test -x .venv-fuzz/bin/python || $(PYTHON) -m venv .venv-fuzz
	.venv-fuzz/bin/python -m pip install --quiet --disable-pip-version-check "pip>=25.1"  # knows groups
	.venv-fuzz/bin/python -m pip install --quiet --disable-pip-version-check --group fuzz
	SCHEMATHESIS=$(CURDIR)/.venv-fuzz/bin/schemathesis $(BIN)/python -m pytest -q tests/serving/test_schemathesis.py

book: .venv/.base
	$(BIN)/modelwright new book --data $(IMDB) --predict label --test-column split=test \
	  --ignore id,rating,imdb_title_id --yes
	$(BIN)/modelwright compare book $(BOOK) --text words --validation 0.4

bench: .venv/.dev
	$(BIN)/python benchmarks/accuracy.py

docs: .venv/.dev
	$(BIN)/python docs/generate_commands.py

lock:
	uv pip compile pyproject.toml --universal --python-version 3.11 --no-emit-index-url --no-header -q -o requirements.lock
	uv pip compile pyproject.toml --group dev --universal --python-version 3.11 --no-emit-index-url --no-header -q -c requirements.lock -o requirements-dev.lock

clean:
	rm -rf .venv .venv-fuzz demo
