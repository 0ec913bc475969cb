# The only entrance for people and machines. Needs python3 (3.11 or newer) and make; everything else it gets itself.

PYTHON  ?= python3
UV      := uv==0.13.8
VENV    := .venv
BIN     := $(VENV)/bin
READY   := $(VENV)/.ready
MEMBERS := $(wildcard libs/*/pyproject.toml services/*/pyproject.toml)
EDIT    := $(foreach member,$(MEMBERS:/pyproject.toml=),-e $(member))

.DEFAULT_GOAL := help
.PHONY: help run test fast faults drill fuzz bench golden check fmt lock secrets clean

help: ## print this list
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 16

run: $(READY) ## start everything on this machine with the demo, data in .mortise (Control-C stops it)
	@$(BIN)/mortise up --demo

test: $(READY) ## every test but the long fault runs and the benchmarks
	$(BIN)/pytest -n auto --maxprocesses=4 --dist=loadfile --no-loadscope-reorder --ignore=tests/bench

fast: $(READY) ## the tests that need no server
	$(BIN)/pytest tests/unit tests/contract

faults: $(READY) ## kill every process again and again under load, and check the ledger
	$(BIN)/python -m tests.faults
	$(BIN)/python -m tests.faults.writers
	$(BIN)/python -m tests.faults.brokers
	$(BIN)/python -m tests.faults.readers

drill: $(READY) ## back up a stack under load, restore it, and hold it to the ledger
	$(BIN)/python -m tests.faults.drill

fuzz: $(READY) ## send 400 000 hostile operations to environments of two organisations, and judge every answer
	$(BIN)/python -m tests.fuzz

bench: $(READY) ## measure; figures go to docs/benchmarks.md and tests/bench/results
	@for file in tests/bench/bench_*.py tests/bench/data_api; do \
	  echo "== $$file"; $(BIN)/python -m "$$(echo $${file%.py} | tr / .)" || exit 1; done

golden: $(READY) ## accept the present output as the golden files; read the diff afterwards
	GOLDEN=accept $(BIN)/pytest -q tests/unit tests/contract
	git status --short tests

check: $(READY) ## lint, format, types and import contracts
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

fmt: $(READY) ## format, and fix what can be fixed by itself
	$(BIN)/ruff check --fix-only --quiet .
	$(BIN)/ruff format .

lock: $(READY) ## choose versions anew and write requirements.lock, which names no address
	$(BIN)/uv pip compile --quiet --python-version 3.11 --universal --generate-hashes --no-emit-index-url --no-header \
	  --group pyproject.toml:dev $(MEMBERS) --no-emit-package mortise-common -o requirements.lock

secrets: $(READY) ## write fresh secrets for docker compose to .secrets, unless there are some
	@$(BIN)/python -m common.bootstrap secrets .secrets

clean: ## remove the environment and caches; data in .mortise stays
	rm -rf $(VENV) .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis
	find libs services tests -name __pycache__ -type d -prune -exec rm -rf {} +

# The stamp is older than the lock or a member's pyproject when the environment has to be brought up to date.
$(READY): requirements.lock pyproject.toml $(MEMBERS)
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed: make PYTHON=python3.12" >&2; exit 1; }
	@test -x $(BIN)/python || { echo "making $(VENV) ..."; $(PYTHON) -m venv $(VENV); }
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check $(UV)
	@$(BIN)/uv pip sync --quiet --require-hashes requirements.lock \
	  || $(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@$(BIN)/uv pip install --quiet --offline --no-deps --no-build-isolation $(EDIT)
	@touch $@
