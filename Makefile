# Everything a newcomer needs. `make help` lists the targets.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11; do \
	command -v $$p >/dev/null && $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo $$p; break; }; done)
VENV ?= .venv
BIN := $(VENV)/bin
PORT ?= 8050
BROWSERS ?= 2# processes that share the browser tests, file by file, each with a Chromium of its own

.DEFAULT_GOAL := help
.PHONY: help setup demo test lint types unit browser bench fuzz clean

help: ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-9s %s\n", $$1, $$2}'

$(VENV)/bin/python:
	@test -n "$(PYTHON)" || { echo "Earmark needs Python 3.11 or newer; set PYTHON=/path/to/python3.11"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip

$(VENV)/.product: requirements.txt .ci/constraints.txt | $(VENV)/bin/python
	@echo "Installing the requirements (a few minutes the first time) ..."
	$(BIN)/python -m pip install --quiet -r requirements.txt
	@touch $@

$(VENV)/.tests: tests/requirements.txt requirements-voice.txt $(VENV)/.product
	$(BIN)/python -m pip install --quiet -r tests/requirements.txt
	$(BIN)/python -m pip install --quiet --no-deps -r requirements-voice.txt
	@touch $@

assets/vendor/.complete: assets/package.json assets/package-lock.json $(VENV)/.product
	$(BIN)/python -m explorer.vendor
	@touch $@

setup: $(VENV)/.product assets/vendor/.complete ## install the product into .venv
	@$(BIN)/python -m compileall -q app.py explorer evaluator  # or some environments would compile at every start

demo: setup ## prepare the demo workspace and serve it on http://127.0.0.1:8050
	$(BIN)/python app.py demo --port $(PORT)

test: lint types setup ## everything: lint, types, unit, integration and browser tests
	@.ci/chromium $(BIN)/python
	$(MAKE) --jobs=2 --output-sync=target unit browser

lint: $(VENV)/.tests
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/.tests
	$(BIN)/mypy

unit: setup $(VENV)/.tests ## unit and integration tests, real models included
	@.ci/oracles
	@.ci/postgres
	$(BIN)/python -m pytest -m "not browser" --reruns 1

browser: setup $(VENV)/.tests ## the pages in a real Chromium
	@.ci/chromium $(BIN)/python
	$(BIN)/python -m pytest -m browser --reruns 2 --numprocesses $(BROWSERS) --dist loadfile --no-loadscope-reorder

bench: setup $(VENV)/.tests ## measure the budgets and print figures and ratios
	$(BIN)/python -m tests.bench

fuzz: setup $(VENV)/.tests ## 10,000 mutated sources of every format and 2,000 sounds (about half an hour)
	$(BIN)/python -m tests.fuzz.formats
	$(BIN)/python -m tests.fuzz.audio_fuzz

clean: ## remove what set-up made (not your workspace)
	rm -rf $(VENV) assets/vendor assets/node_modules .mypy_cache .ruff_cache .pytest_cache
