# `make` shows what there is; `make demo` is the main job, `make test` the tests.
# Needed on the machine: Python 3.11 to 3.13, Java 17 or newer, make, and the package registries.
UV_VERSION := 0.13.9
DATA ?= ../shared/data
PYTHON ?= python3
SURVEY ?= ztf
PACKETS ?= sample
JAVA := $(if $(JAVA_HOME),$(JAVA_HOME)/bin/java,java)
RUNTIME := .runtime
UV := $(RUNTIME)/uv/bin/uv
BIN := .venv/bin
NICE_TESTS := --durations=15 --timeout=1500
# In the order of tests/running/scheduling.py.
DEALT := --dist loadfile --no-loadscope-reorder
# Each worker notes the lines that unit tests run (tests/running/measured.py).
COVERED := FINK_TEST_COVERAGE=1
export UV_PYTHON_DOWNLOADS := never
# A night starts hundreds of Python processes: what is compiled once must be kept, whatever the machine says.
export PYTHONDONTWRITEBYTECODE :=

demo status doctor: export FINK_SURVEYS ?= $(SURVEY)

.DEFAULT_GOAL := help
.PHONY: help setup demo down status doctor test test-unit coverage test-faults check format bench science-docs science-plots schemas alarms-docs tables-docs clean python-ok java-ok prepared

help:  ## Show this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:[^#]*## /|/' | awk -F'|' '{printf "  make %-13s %s\n", $$1, $$2}'

setup: python-ok java-ok $(BIN)/.synced  ## Install the locked dependencies into .venv
	@command -v bwrap >/dev/null || echo "without bubblewrap user jobs are refused (Debian: \`apt install bubblewrap\`)"

demo: setup  ## Play a night end to end (SURVEY=ztf, a real one); services stay up until `make down`
	$(BIN)/fink night play $(PACKETS) --survey $(SURVEY) --keep

down: $(BIN)/.synced  ## Stop everything that `make demo` or `fink up` started
	$(BIN)/fink down

status: $(BIN)/.synced  ## Show services, streams and nights
	$(BIN)/fink status

doctor: $(BIN)/.synced  ## Tell what this machine lacks, and how to get it
	$(BIN)/fink doctor

check: $(BIN)/.synced  ## Lint, format, layers and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports --no-cache --no-logo
	$(BIN)/mypy

test-unit: $(BIN)/.synced  ## Tests without a JVM
	$(BIN)/pytest tests/unit -q $(NICE_TESTS)

coverage: $(BIN)/.synced  ## Tests without a JVM; which share of the lines they run, by file and in all
	@rm -f $(RUNTIME)/coverage*
	$(COVERED) $(BIN)/pytest tests/unit -q -n 2 $(DEALT) $(NICE_TESTS)
	@$(BIN)/coverage combine -q
	$(BIN)/coverage report

test: setup check prepared  ## Everything: lint, types, and all tests with real Kafka, Spark and Airflow
	$(BIN)/pytest -m "not airflow" -n 3 $(DEALT) $(NICE_TESTS)
	$(BIN)/pytest -m airflow $(NICE_TESTS)

test-faults: setup prepared  ## A hundred faults at random moments, an hour at most; FAULTS, SECONDS, SEED, KINDS may be set
	FINK_TEST_FAULT_COUNT=$(or $(FAULTS),100) FINK_TEST_FAULTS_S=$(or $(SECONDS),3600) FINK_TEST_SEED=$(SEED) FINK_TEST_KAFKA_S=60 \
	FINK_TEST_FAULT_KINDS="$(KINDS)" FINK_TEST_TABLE=$(RUNTIME)/faults.md $(BIN)/pytest tests/kills/test_fault_suite.py -q -s --timeout=7200

bench: setup prepared  ## Rates, latency and memory on amplified real alerts
	$(BIN)/fink bench night --alerts 2000 --json $(RUNTIME)/bench.json

science-docs: $(BIN)/.synced  ## Write docs/science from what the science modules declare
	$(BIN)/python -m fink_lib.docs_pages.science

science-plots: $(BIN)/.synced  ## Draw the plots of docs/science from the alerts in DATA
	FINK_CATALOGS=$(DATA)/catalogs $(BIN)/python -m fink_lib.docs_pages.plots $(DATA)
	$(BIN)/python -m fink_lib.docs_pages.science

schemas: $(BIN)/.synced  ## Write docs/schemas from the contracts of what is written as JSON
	$(BIN)/python -m fink_lib.docs_pages.contracts

events-docs: $(BIN)/.synced  ## Match the notices in DATA with its ZTF night; write that section of docs/multimessenger.md
	FINK_CATALOGS=$(DATA)/catalogs $(BIN)/python -m fink_lib.docs_pages.events $(DATA)

alarms-docs: $(BIN)/.synced  ## Write docs/alarms.md and Prometheus' rules from fink_lib/monitoring/rules.py
	$(BIN)/python -m fink_lib.docs_pages.alarms

tables-docs: $(BIN)/.synced  ## Write docs/tables.md and the README's list from the specs of the tables
	$(BIN)/python -m fink_lib.docs_pages.tables

format: $(BIN)/.synced  ## Let ruff put the code in order
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean:  ## Stop everything and remove all state; downloads are kept
	@if [ -x $(BIN)/fink ]; then $(BIN)/fink down; fi
	rm -rf $(RUNTIME)/home $(RUNTIME)/bench.json .pytest_cache .mypy_cache .ruff_cache .hypothesis

# What the tests need from outside is fetched before they start, so that none of them waits for a network.
prepared: $(BIN)/.synced
	$(BIN)/fink jars

python-ok:
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null || \
	{ echo "$(PYTHON) is missing or not Python 3.11, 3.12 or 3.13: run \`make $(or $(firstword $(MAKECMDGOALS)),setup) PYTHON=/path/to/python3.11\`" >&2; exit 2; }

java-ok:
	@$(JAVA) -version 2>&1 | sed -n 's/.*version "\([0-9]*\).*/\1/p' | grep -qxE '1[7-9]|[2-9][0-9]|[0-9]{3,}' || \
	{ echo "$(JAVA) is missing or older than Java 17: install one (Debian: \`apt install openjdk-17-jre-headless\`) or set JAVA_HOME" >&2; exit 2; }

$(UV):
	@echo "fetching uv $(UV_VERSION)"
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null || \
	{ echo "$(PYTHON) cannot create environments (no ensurepip): install it (Debian: \`apt install python3-venv\`) or use another with PYTHON=…" >&2; exit 2; }
	@$(PYTHON) -m venv $(RUNTIME)/uv
	@$(RUNTIME)/uv/bin/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)

$(BIN)/.synced: uv.lock pyproject.toml | $(UV)
	$(UV) sync --frozen --compile-bytecode --python $(PYTHON)
	@touch $@
