# `make` lists the targets. Needs Python 3.10 or newer and make; everything else goes into .venv.

PYTHON ?= $(firstword $(foreach p,python3 python3.12 python3.11 python3.10,$(shell $(p) -c 'import sys; sys.exit(sys.version_info < (3, 10))' 2>/dev/null && echo $(p))))
VENV ?= .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --quiet --disable-pip-version-check
SUPPORTED := 3.10 3.11 3.12
# More than there are cores: most tests wait for something most of the time.
WORKERS ?= 8
PYTEST := $(BIN)/pytest -n $(WORKERS) --dist worksteal

.DEFAULT_GOAL := help
.PHONY: help setup demo outage picture test lint types imports tests other-pythons model storm simulation fuzz mutants lock spec bench clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: $(VENV)/.run ## install the command line into .venv

demo: $(VENV)/.run ## run sample requests through the whole system on this machine
	@$(BIN)/express-sync demo

outage: $(VENV)/.run ## run two outages of the API: what recovers automatically, and what one command replays
	@$(BIN)/express-sync demo --outage

picture: $(VENV)/.run ## draw docs/demo.svg, the demo as the README shows it
	@$(BIN)/python -m express_sync.ops.demo.picture docs/demo.svg

test: lint types imports tests other-pythons ## check style, types, architecture and behaviour, on every supported Python found

lint: $(VENV)/.dev ## ruff
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/.dev ## mypy --strict
	$(BIN)/mypy --strict

imports: $(VENV)/.dev ## import-linter
	@$(BIN)/lint-imports --no-cache --no-logo

tests: $(VENV)/.dev ## pytest: those that cover handler/, measured, which makes them slow; then all the others
	$(PYTEST) tests/handler --cov
	$(PYTEST) --ignore=tests/handler

.PHONY: compatibility
compatibility: $(VENV)/.dev
	$(PYTEST) tests/handler tests/local tests/ops/unit

# Once more on each other supported Python of this machine, in an environment of its own: all that may depend on it.
other-pythons: $(VENV)/.dev
	@own=$$($(BIN)/python -c 'import sys; print("%d.%d" % sys.version_info[:2])'); \
	for version in $(SUPPORTED); do \
	  [ "$$version" = "$$own" ] && continue; \
	  for candidate in python$$version $${PYENV_ROOT:-$$HOME/.pyenv}/versions/$$version.*/bin/python; do \
	    if "$$candidate" -c 'import sys' >/dev/null 2>&1; then \
	      echo "== Python $$version"; \
	      $(MAKE) --no-print-directory compatibility PYTHON="$$candidate" VENV=.venv-$$version || exit 1; \
	      continue 2; \
	    fi; \
	  done; \
	  echo "== Python $$version is not here, skipped"; \
	done

model: $(VENV)/.dev ## every schedule of up to five faults against the real code, on every core (half an hour)
	$(BIN)/python -m tests.system.model --faults 5

storm: $(VENV)/.dev ## 2,000 requests under every fault, kill and restart at random
	$(BIN)/python -m tests.system.storm --requests 2000

simulation: $(VENV)/.dev ## simulate 320 days with outages of every kind in virtual time (minutes)
	$(BIN)/python -m tests.system.simulation

fuzz: $(VENV)/.dev ## 100,000 events of every wrong kind
	FUZZ_EXAMPLES=100000 $(BIN)/pytest -q tests/system/fuzz

mutants: $(VENV)/.dev ## mutation-test the pure core; fails for a survivor without a written reason
	rm -rf mutants
	$(BIN)/mutmut run --max-children 2 > /dev/null
	$(BIN)/python -m tests.system.mutants

bench: $(VENV)/.dev ## size, starts, CPU, batches, throughput and memory beside peers (minutes)
	$(BIN)/python -m benchmarks

lock: ## pin every dependency anew, with hashes (needs uv)
	uv pip compile pyproject.toml --extra local --extra ops --group build --output-file requirements/run.txt $(LOCK)
	uv pip compile pyproject.toml --extra local --extra ops --group build --group dev -c requirements/run.txt --output-file requirements/dev.txt $(LOCK)
	uv pip compile pyproject.toml -c requirements/run.txt --no-emit-package pycryptodome --output-file requirements/function.txt $(LOCK)
	for peer in tea powertools; do \
	  uv pip compile --group peer-$$peer -c requirements/dev.txt --output-file requirements/peer-$$peer.txt $(LOCK) || exit 1; \
	done

ROS_CDK := 1.15.0
ROS_CDK_PACKAGES := cms fc3 mns ram sls

spec: $(VENV)/.dev ## write the specification for the template check from the wheels of the ROS CDK
	@wheels=$$(mktemp -d) && trap 'rm -rf "$$wheels"' EXIT && \
	$(PIP) download --no-deps --dest "$$wheels" $(ROS_CDK_PACKAGES:%=ros-cdk-%==$(ROS_CDK)) && \
	$(BIN)/python -m tools.ros_spec "$$wheels"/*.whl

LOCK := --universal --python-version 3.10 --generate-hashes --no-annotate --no-header --no-emit-index-url --no-emit-find-links

clean: ## remove what the other targets made
	rm -rf .venv .venv-3.* .express-sync .coverage .hypothesis .mypy_cache .pytest_cache .ruff_cache dist mutants
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(VENV)/.python:
	@[ -n "$(PYTHON)" ] || { echo "Python 3.10 or newer is needed; install it, or name it: make PYTHON=/path/to/python3" >&2; exit 2; }
	@echo "Setting up $(VENV) (once) ..."
	@$(PYTHON) -m venv $(VENV)
	@touch $@

# The warnings of pip, of an index that it cannot reach for example, are shown only if they may explain a failure.
install = said=$$($(PIP) install $(1) 2>&1) || { echo "$$said" >&2; exit 1; }

# The locks are whole, so pip resolves nothing: left to it, a release made after the lock would break the set-up.
$(VENV)/.run: requirements/run.txt pyproject.toml $(VENV)/.python
	@$(call install,--no-deps --require-hashes -r requirements/run.txt)
	@$(call install,--no-deps --no-build-isolation --editable .)
	@touch $@

$(VENV)/.dev: requirements/dev.txt $(VENV)/.run
	@$(call install,--no-deps --require-hashes -r requirements/dev.txt)
	@touch $@
