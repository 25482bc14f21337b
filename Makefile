# Two commands: `make demo`, `make test`. Needs Python >= 3.11 and make; nothing else.
PYTHON ?= python3
BIN := .venv/bin

# Each process that a test starts would else compile every module anew.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: install demo test lint clean

install: .venv/installed

.venv/installed: requirements.lock pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check uv
	$(BIN)/uv pip sync --quiet --python $(BIN)/python --require-hashes --compile-bytecode requirements.lock
	$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --editable .
	touch .venv/installed

demo: install
	$(BIN)/claimrisk demo

lint: install
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

test: lint
	$(BIN)/pytest --numprocesses auto --maxprocesses 4 --dist loadfile

clean:
	rm -rf .venv var
