# The project's commands. `make` alone lists them. Nothing here needs an active virtual environment,
# and an active one is ignored: every step runs .venv/bin/python by its path.

PYTHON ?= python3
VENV := .venv
BENCHMARK := .benchmark
SIZE ?= small
BIN := $(VENV)/bin
PY := $(BIN)/python
# Spelled out, so that no DBT_* setting of the caller's sends a check to another project or target.
HERE := --project-dir . --profiles-dir . --target dev
OTHER_SQL = $(filter-out models/intermediate,$(wildcard models/* tests/dbt analyses))

# No telemetry, no update checks, and nothing of the caller's Python in ours.
export DBT_SEND_ANONYMOUS_USAGE_STATS := false
export DO_NOT_TRACK := 1
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export PIP_USER := 0
export PYTHONNOUSERSITE := 1
unexport VIRTUAL_ENV PYTHONHOME PYTHONPATH PIP_TARGET PIP_PREFIX

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help setup demo build test test-sequences test-real test-long rehearse rehearse-all lint verify \
        benchmark benchmark-growth docs clean lock packages

help: ## list the commands
	@awk 'BEGIN {FS = ":.*## "} /^[a-z-]+:.*## / {printf "  make %-16s %s\n", $$1, $$2}' Makefile

setup: $(VENV)/.project packages profiles.yml $(if $(ADAPTER),$(VENV)/.adapter-$(ADAPTER)) ## .venv from the lock, dbt packages, profiles.yml; ADAPTER=snowflake|bigquery

demo: setup ## build the sample data from nothing and say what came out
	@$(BIN)/customer360 build

build: setup ## build; VARS=file.yml builds your own sources, TARGET=name on a warehouse
	@$(BIN)/customer360 build $(if $(VARS),--vars-file "$(VARS)") $(if $(TARGET),--target "$(TARGET)")

test: lint ## lint, then all tests but those of the next two
	@$(PY) -m pytest -n 2 --dist loadgroup -m "not long and not real and not sequence"

test-sequences: setup ## build again and again with changed data, policies, decisions and kills
	@$(PY) -m pytest -n 2 --dist loadgroup -m "sequence and not long"

test-real: setup ## build published data sets, where they are present, and compare with their answers
	@$(PY) -m pytest -n 2 --dist loadscope -m "real and not long"

# For the night: thousands of random cases, sequences of builds, and kills; says how many of each.
test-long: setup
	@$(PY) -m pytest -n 2 --dist loadgroup -m long -rP
	@IDENTITY_CASES=$${IDENTITY_CASES:-20000} $(PY) -m pytest -n 2 tests/python/properties/test_identity_properties.py

# The rehearsal's environments take a minute or two to make, once; whatever cannot be made fails it.
rehearse: setup ## rehearse on stand-ins for Snowflake and BigQuery
	@$(PY) tests/python/engines/rehearsal/environments.py
	@$(PY) -m pytest -n 2 --dist loadfile -m "not long" tests/python/engines

# Also breaks every macro of the layer on purpose, one at a time, and rehearses `make verify`.
rehearse-all: setup
	@$(PY) tests/python/engines/rehearsal/environments.py
	@$(PY) -m pytest -n 2 --dist loadfile tests/python/engines

lint: setup ## ruff, mypy, dbt-bouncer, sqlfluff
	@$(PY) -m ruff check .
	@$(PY) -m ruff format --check .
	@$(PY) -m mypy
	@$(BIN)/dbt --quiet parse $(HERE)
	@COLUMNS=160 $(BIN)/dbt-bouncer run --config-file dbt-bouncer.yml
	@$(MAKE) --no-print-directory -j 2 lint-intermediate lint-rest

# Two processes, because the intermediate models alone take half of the time. Each has a target folder
# and an empty warehouse file of its own: neither waits for, nor disturbs, a build or a reader.
lint-%:
	@mkdir -p target/lint/$*
	@CUSTOMER360_HOME=target/lint/$* DBT_TARGET_PATH=target/lint/$* $(PY) -m sqlfluff lint \
	    --disable-progress-bar $(if $(filter intermediate,$*),models/intermediate,$(OTHER_SQL))

verify: setup ## TARGET=snowflake|bigquery: hold your account against DuckDB, in throwaway schemas
	@test -n "$(TARGET)" || { echo "Say where: make verify TARGET=snowflake (or bigquery)."; exit 1; }
	@PYTHONPATH=tests/python $(PY) -m engines.verify "$(TARGET)"

# SIZE is small (20,000 people), medium (150,000) or large (1,500,000); ARGS are further arguments.
benchmark: setup $(BENCHMARK)/.requirements ## SIZE=small|medium|large: identity beside peers and lower bounds
	@PYTHONPATH=benchmarks $(BENCHMARK)/bin/python -m measure --size "$(SIZE)" $(ARGS)

benchmark-growth: setup $(BENCHMARK)/.requirements ## SIZE=...: what size and shape of the links cost
	@PYTHONPATH=benchmarks $(BENCHMARK)/bin/python -m measure --size "$(SIZE)" --part growth $(ARGS)

docs: setup ## one static page with lineage: docs/site/index.html (after make demo)
	@test -f "$${CUSTOMER360_HOME:-warehouse}/work.duckdb" || \
	    { echo "There is nothing to document yet: run make demo (or make build VARS=file.yml) first."; exit 1; }
	@$(BIN)/dbt --quiet docs generate --static $(HERE) $(if $(VARS),--vars "$$(cat "$(VARS)")")
	@mkdir -p docs/site
	@cp target/static_index.html docs/site/index.html
	@echo "docs/site/index.html is ready: open it in a browser."

clean: ## remove what can be made again; keeps the published file (it holds the ids), .venv and profiles.yml
	@rm -rf target logs dbt_packages .dbt_packages_* package-lock.yml docs/site models/staging/_instances__sources.yml
	@rm -rf .pytest_cache .mypy_cache .ruff_cache .hypothesis build
	@find . -name __pycache__ -not -path "./$(VENV)/*" -prune -exec rm -rf {} +
	@find warehouse -mindepth 1 -not -name .gitignore -not -name customer360.duckdb -exec rm -rf {} +

lock: ## write the locks anew from requirements*.in; UPGRADE=1 takes newer versions
	@"$(PYTHON)" -m venv build/lock
	@build/lock/bin/python -m pip install -qq 'pip-tools>=7.6,<8'
	@for lock in requirements requirements-snowflake requirements-bigquery requirements-benchmark; do \
	    build/lock/bin/python -m piptools compile --quiet $(if $(UPGRADE),--upgrade) \
	        --generate-hashes --allow-unsafe --no-strip-extras --no-header --no-emit-index-url \
	        --no-emit-find-links --no-emit-trusted-host --output-file $$lock.lock $$lock.in || exit 1; \
	done
	@rm -rf build/lock

# --- the steps of setup: a stamp each, so that a second call does nothing ---------------------------

# An interpreter that is already there is kept if it runs and is new enough; a half-made one is not.
$(VENV)/.made:
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || \
	    { echo "$(PYTHON) is missing or older than Python 3.11: install 3.11 or newer, or name one with make PYTHON=/path/to/python3.11 ..."; exit 1; }
	@$(PY) -c 'import sys, pip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || "$(PYTHON)" -m venv --clear $(VENV)
	@touch $@

$(VENV)/.requirements: requirements.lock $(VENV)/.made
	@echo "Installing the pinned requirements into $(VENV) (a minute or two, once)."
	@$(PY) -m pip install -qq --require-hashes -r requirements.lock
	@touch $@

# Apart from .venv: what the peers need is nothing to the project.
$(BENCHMARK)/.requirements: requirements-benchmark.lock | $(VENV)/.made
	@echo "Installing what the benchmark compares with into $(BENCHMARK) (a minute, once)."
	@"$(PYTHON)" -m venv --clear $(BENCHMARK)
	@$(BENCHMARK)/bin/python -m pip install -qq --require-hashes -r requirements-benchmark.lock
	@touch $@

# On top of the others, because it holds back some of their versions; so again when they change.
$(VENV)/.adapter-%: requirements-%.lock $(VENV)/.requirements
	@echo "Installing dbt's adapter for $* into $(VENV)."
	@$(PY) -m pip install -qq --require-hashes -r requirements-$*.lock
	@touch $@

$(VENV)/.project: pyproject.toml $(VENV)/.requirements
	@$(PY) -m pip install -qq --no-deps --no-build-isolation -e .
	@touch $@

# Always asked: the script itself knows in a moment whether there is anything to do.
packages: $(VENV)/.project
	@$(PY) setup/packages.py

profiles.yml: | profiles.yml.example
	@install -m 600 profiles.yml.example profiles.yml
