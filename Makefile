# Needs Python 3.11 or newer and make. The environment goes into .venv.

.DEFAULT_GOAL := help
SHELL := /bin/sh
.DELETE_ON_ERROR:

PYTHON ?= python3
BIN := .venv/bin
RUN := .venv/.run-ready
DEV := .venv/.dev-ready
PIP := PIP_DISABLE_PIP_VERSION_CHECK=1 $(BIN)/python -m pip --quiet
USABLE := import sys, ensurepip, venv; sys.exit(sys.version_info < (3, 11))

ifneq ($(shell test -d "$$HOME" && test -w "$$HOME" && echo writable),writable)
# tools keep caches there
export HOME := $(CURDIR)/.venv/home
endif

UI := leadboost/console/ui
UI_BUILT := leadboost/console/static/index.html
UI_MODULES := $(UI)/node_modules/.package-lock.json
UI_SOURCES := $(shell find $(UI) -name node_modules -prune -o -type f -print)
NPM := $(BIN)/python hatch_build.py

# each worker has a database server of its own
SIDE_BY_SIDE := -n 2 --dist loadfile

.PHONY: help run test coverage drill lint types bench ui format clean

help: ## show this list
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1|\2/p' Makefile | awk -F'|' '{ printf "%-14s %s\n", $$1, $$2 }'

run: $(RUN) $(UI_BUILT) ## start the daemon with the demo profile; Ctrl-C stops it
	@exec $(BIN)/leadboost up --profile demo

test: lint types $(UI_BUILT) ## everything that must hold: lint, types, import rule, all tests
	@$(NPM) test
	@$(BIN)/python -m pytest $(SIDE_BY_SIDE) $(ARGS)

coverage: $(DEV) $(UI_BUILT) ## which lines and branches the tests reach
	@$(BIN)/python -m pytest $(SIDE_BY_SIDE) --cov --cov-report=term $(ARGS)

drill: $(DEV) ## long counted trials (kills under load and the like)
	@$(BIN)/python -m pytest -m drill --timeout 7200 $(ARGS)

lint: $(DEV) ## ruff and the import rule
	@$(BIN)/ruff check --quiet .
	@$(BIN)/ruff format --quiet --check . || { echo "make format puts the layout right"; exit 1; }
	@$(BIN)/lint-imports --no-logo > .venv/lint-imports.log 2>&1 || { cat .venv/lint-imports.log; exit 1; }

types: $(DEV) $(UI_MODULES) ## mypy and tsc, strict
	@$(BIN)/mypy --no-error-summary
	@$(NPM) run --silent types

bench: $(DEV) ## all benchmarks; one alone: .venv/bin/python -m bench NAME
	@$(BIN)/python -m bench all

ui: $(UI_BUILT) ## build the browser console

format: $(DEV) ## lay the code out
	@$(BIN)/ruff format --quiet .

clean: ## remove the environment and all caches; data under var/ stays
	@rm -rf $(UI)/node_modules $(dir $(UI_BUILT)) .venv .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis .coverage .coverage.* dist
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(RUN): requirements.lock pyproject.toml | $(BIN)/pip
	@echo "installing what LeadBoost runs on"
	@$(PIP) install --require-hashes --no-deps -r requirements.lock
	@$(PIP) install --no-deps --no-build-isolation -e .
	@touch $@

$(DEV): requirements-dev.lock $(RUN)
	@echo "installing what tests and checks need"
	@$(PIP) install --require-hashes --no-deps -r requirements-dev.lock
	@touch $@

$(UI_BUILT): $(UI_SOURCES) $(UI_MODULES)
	@echo "building the console"
	@$(NPM) run --silent build

$(UI_MODULES): $(UI)/package.json $(UI)/package-lock.json | $(RUN)
	@echo "installing what the console is built with"
	@$(NPM) --version > .venv/npm.log 2>&1 || $(PIP) install --require-hashes --no-deps -r requirements-node.lock
	@$(NPM) ci
	@touch $@

$(BIN)/pip:
	@for python in $(PYTHON) python3.13 python3.12 python3.11; do \
	  if "$$python" -c '$(USABLE)' 2>/dev/null; then \
	    echo "making .venv with $$("$$python" --version)"; exec "$$python" -m venv --clear .venv; \
	  fi; \
	done; \
	echo "LeadBoost needs Python 3.11 or newer with its venv module."; \
	echo "$(PYTHON) is: $$($(PYTHON) --version 2>&1 || true)"; \
	echo "On Debian and Ubuntu: apt-get install python3-venv. Another interpreter: make PYTHON=/path/to/python3.12"; \
	exit 1
