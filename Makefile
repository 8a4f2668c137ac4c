# Two commands for a newcomer: `make run` and `make test`. The others are for developers: `make help`.
#
# PYTHON       the Python to make the environment with (3.11 or newer)
# VENV         where the environment goes
# PORT         the app's port
# WORKERS      how many processes run the tests that need no browser: more than cores, many wait
# BROWSERS     how many browsers run theirs, whole files each
# FUZZ_SECONDS how long `make long` tries odd inputs on each reader and on each writer, FUZZERS at once
# MERMAID      the version of the script that draws the site's flow charts, by npm
# TORCH_INDEX  the address of a package index with another build of torch, such as the CPU-only
#              one that PyTorch's installation page names; empty: the registry's build, with CUDA

PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV ?= .venv
PORT ?= 8501
TORCH_INDEX ?=
MERMAID ?= 11.6.0
PYTEST_ARGS ?=
FUZZ_SECONDS ?= 300
WORKERS ?= 3
BROWSERS ?= 2
FUZZERS ?= 2

# What Python compiles is kept: without it each of the processes that tests start compiles all anew.
unexport PYTHONDONTWRITEBYTECODE

bin := $(VENV)/bin
app_stamp := $(VENV)/.installed-app
dev_stamp := $(VENV)/.installed-dev
torch := $(shell grep '^torch==' requirements.txt)
beside := -n $(WORKERS) --dist worksteal
quiet := --quiet --disable-pip-version-check

.PHONY: run quick test long coverage lint format map docs bench help

help:
	@echo "make run    install what is needed and open the app on http://127.0.0.1:$(PORT)"
	@echo "make test   everything that can be checked without a GPU: under 20 minutes on two cores"
	@echo "make quick  no browser, nothing slow: under 2 minutes"
	@echo "make long   minutes of generated inputs, killed processes, long matrices"
	@echo "make coverage  the tests without a browser, with branch coverage and its floor"
	@echo "make lint   ruff and mypy; make format mends what ruff can"
	@echo "make map    the file map of docs/architecture.md, from the files themselves"
	@echo "make docs   the documents as a site that asks no other machine for anything"
	@echo "make bench  the quick benchmarks"

run: $(app_stamp)
	@$(bin)/python -m bioner doctor || true
	$(bin)/python -m bioner app --port $(PORT)

test: $(dev_stamp) lint
	$(bin)/python -m pytest $(beside) -m "not gpu and not long and not e2e" $(PYTEST_ARGS)
	$(bin)/python -m pytest -n $(BROWSERS) --dist loadfile -m "e2e and not gpu and not long" $(PYTEST_ARGS)

quick: $(dev_stamp)
	$(bin)/python -m pytest -q $(beside) -m "not slow and not long and not e2e and not gpu" $(PYTEST_ARGS)

long: $(dev_stamp)
	$(bin)/python -m pytest -m "long and not gpu" $(PYTEST_ARGS)
	$(bin)/python -m benchmarks.fuzz_formats --seconds $(FUZZ_SECONDS) --processes $(FUZZERS)

coverage: $(dev_stamp)
	$(bin)/python -m pytest -q $(beside) -m "not e2e and not gpu and not long" --cov $(PYTEST_ARGS)

lint: $(dev_stamp)
	$(bin)/ruff check .
	$(bin)/ruff format --check .
	$(bin)/mypy

format: $(dev_stamp)
	$(bin)/ruff check --fix .
	$(bin)/ruff format .

map: $(app_stamp)
	$(bin)/python docs/make_map.py

docs: $(dev_stamp) .artifacts/mermaid/$(MERMAID)
	$(bin)/python docs/make_figures.py
	NO_MKDOCS_2_WARNING=1 $(bin)/python -m mkdocs build --strict
	@echo "open .artifacts/site/index.html"

.artifacts/mermaid/$(MERMAID):
	@mkdir -p $(@D)
	@cd $(@D) && npm pack --silent mermaid@$(MERMAID) >/dev/null 2>&1 && tar xzf mermaid-$(MERMAID).tgz || \
	  echo "without npm the flow charts are shown as they are written"
	@touch $@

bench: $(dev_stamp)
	$(bin)/python -m benchmarks

$(VENV)/bin/python:
	@test -n "$(PYTHON)" && $(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Python 3.11 or newer is needed: install it, or say where: make run PYTHON=/path/to/python3.11"; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(app_stamp): requirements.txt | $(VENV)/bin/python
	@echo "Installing the app's packages into $(VENV): about 0.8 GB to download with a CPU-only torch,"
	@echo "3 to 4 GB with the default one (CUDA libraries). CPU-only: make run TORCH_INDEX=<index address>"
	$(bin)/python -m pip install $(quiet) $(torch) $(if $(TORCH_INDEX),--index-url $(TORCH_INDEX))
	$(bin)/python -m pip install $(quiet) --progress-bar on -r requirements.txt
	@touch $@

$(dev_stamp): requirements-dev.txt $(app_stamp)
	$(bin)/python -m pip install $(quiet) -r requirements-dev.txt
	@touch $@
