# `make run` is all that a newcomer needs; `make help` lists the rest.

PYTHON ?= python3
VENV := .venv
PY := $(VENV)/bin/python
PIP := $(PY) -m pip install --disable-pip-version-check --only-binary :all:
ENV_FILE := $(or $(PIXEL_ENV_FILE),.env)

# Where a MySQL host is named, in the environment or in .env, its driver is needed as well.
MYSQL := $(or $(MYSQL_HOST),$(shell grep -sE '^(export )?MYSQL_HOST=.?[[:alnum:]]' $(ENV_FILE)))
INSTALLED := $(VENV)/$(if $(MYSQL),.full,.embedded)

.DEFAULT_GOAL := help
.PHONY: help run env test ledger mutants prove bench lint schema image screenshots

help: ## list what can be made
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-11s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: $(INSTALLED) $(ENV_FILE) ## install what is missing and start everything; PORT and HOST are heeded
	@$(PY) -m pixeltrack.launcher

env: ## write .env with fresh random secrets; add to one that is there those that docker compose lacks
	@$(PYTHON) pixeltrack/bootstrap.py

test: ## run the whole suite
	@bash tests/run

ledger: $(VENV)/.dev ## kill every tier under load, then compare: SEED=1 SECONDS=60 DB=mysql|sqlite
	@$(PY) -m tests.ledger --seed $(or $(SEED),1) --seconds $(or $(SECONDS),60) --database $(or $(DB),mysql)

mutants: $(VENV)/.dev ## break the promise in ten ways; the ledger must notice each
	@$(PY) -m tests.ledger.mutants

image: $(VENV)/.dev ## build the container image, with docker or buildah, and let it serve a pixel
	@THOROUGH=yes $(PY) -m pytest -q -s tests/test_image.py

prove: $(VENV)/.dev ## the long proofs; their results go to benchmarks/
	@THOROUGH=yes ALERTS_REPORT=benchmarks/ALERTS.md bash tests/run
	@SCHEMA_EXAMPLES=150 $(PY) -m pytest -q pixeltrack/tests/test_schemathesis.py
	@$(PY) -m tests.ledger.prove
	@$(PY) -m tests.ledger.prove_cluster
	@$(PY) -m tests.ledger.mutants
	@$(PY) -m benchmarks.ab
	@$(PY) -m benchmarks.freshness
	@$(PY) -m benchmarks.cost
	@$(PY) -m benchmarks.memory
	@$(PY) -m benchmarks.idle
	@$(PY) -m benchmarks.statistics
	@$(PY) -m benchmarks.admin_pages
	@$(PY) -m benchmarks.import --rows $(or $(ROWS),1000000)
	@$(PY) -m benchmarks.busy --rows $(or $(ROWS),1000000)
	@$(PY) -m benchmarks.soak

bench: $(VENV)/.bench ## measure beside others (needs wrk) into benchmarks/RESULTS.md: all of BENCH=pixel|end_to_end|page_views; or BENCH=ranges
	@$(PY) -m benchmarks.results $(BENCH)

lint: $(VENV)/.dev ## check the style and which way imports run
	@$(PY) -m ruff check .
	@$(PY) -m ruff format --check .
	@$(VENV)/bin/lint-imports

schema: $(INSTALLED) $(ENV_FILE) ## draw the database schema from the models (needs graphviz)
	@$(PY) manage.py draw_schema

screenshots: $(VENV)/.dev ## take pictures of the admin for docs/images/ (needs chromium and redis-server)
	@$(PY) -m tests.screenshots

$(ENV_FILE):
	@$(PYTHON) pixeltrack/bootstrap.py

# A stamp says for which requirements pip has run.
$(VENV)/.embedded: requirements-embedded.txt constraints.txt | $(VENV)/bin/pip
	$(PIP) -r requirements-embedded.txt
	@touch $@

$(VENV)/.full: requirements.txt requirements-embedded.txt constraints.txt | $(VENV)/bin/pip
	$(PIP) --no-binary mysqlclient -r requirements.txt
	@touch $@

$(VENV)/.dev: requirements-dev.txt requirements.txt requirements-embedded.txt constraints.txt | $(VENV)/bin/pip
	$(PIP) --no-binary mysqlclient -r requirements-dev.txt
	@touch $@

$(VENV)/.bench: requirements-bench.txt requirements.txt requirements-embedded.txt constraints.txt | $(VENV)/bin/pip
	$(PIP) --no-binary mysqlclient -r requirements-bench.txt
	@touch $@

$(VENV)/bin/pip:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
		echo "PixelTrack needs Python 3.11 or newer, and $(PYTHON) is not. Name one: PYTHON=python3.12 make run" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
		echo "$(PYTHON) can't make a virtual environment. On Debian and Ubuntu: apt install python3-venv" >&2; exit 1; }
	$(PYTHON) -m venv --clear $(VENV)
