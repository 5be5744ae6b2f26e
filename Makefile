# One word for each thing one does here. A fresh clone needs python3 (3.11 or newer) and make, nothing else.

PYTHON ?= python3
BIN := .venv/bin
FLASK := $(BIN)/flask --app wsgi
COMPILE := $(BIN)/uv pip compile -q --generate-hashes --no-emit-index-url --python-version 3.11
MAKEFLAGS += --no-print-directory

.PHONY: install run test check zones format lock translations pictures bench

install: .venv/runtime.stamp

# Migrations and demo data do nothing when they are done already, so that running this again changes nothing.
run: install
	@$(FLASK) db upgrade
	@$(FLASK) demo load
	@exec $(BIN)/gunicorn

# pytest comes last: its summary is the last line.
test: .venv/dev.stamp check zones
	@$(BIN)/pytest -n 2

check: .venv/dev.stamp
	@sh tests/browser/need.sh
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m tests.translations

# Dates and counts once more where the machine's clock is not Jilin's.
zones: .venv/dev.stamp
	TZ=Asia/Shanghai $(BIN)/pytest -n 2 -m zones
	TZ=UTC $(BIN)/pytest -n 2 -m zones
	TZ=America/Los_Angeles $(BIN)/pytest -n 2 -m zones

format: .venv/dev.stamp
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

lock: .venv/dev.stamp
	$(COMPILE) requirements.in -o requirements.txt
	$(COMPILE) requirements-dev.in -o requirements-dev.txt

# Bring the catalogue of the English pages in step with the Chinese sentences in the code.
translations: .venv/dev.stamp
	$(BIN)/python -m tests.translations --update

# Every page at 360 and 1280 px, into pictures/ (not kept in git).
pictures: .venv/dev.stamp
	$(BIN)/python -m tests.browser.pictures

bench: .venv/dev.stamp
	@over=0; for each in benchmarks/[a-z]*.py; do echo "== $$each"; $(BIN)/python -m benchmarks.$$(basename $$each .py) || over=1; done; exit $$over

.venv/runtime.stamp: requirements.txt | $(BIN)/python
	$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements.txt
	@touch $@

.venv/dev.stamp: requirements-dev.txt | $(BIN)/python
	$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements-dev.txt
	@touch $@

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed: install it, or name it with make PYTHON=/path/to/python3."; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { echo "Python's venv is missing: on Debian run apt-get install python3-venv, then make again."; exit 1; }
	$(PYTHON) -m venv .venv
