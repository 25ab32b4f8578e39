# `make` lists the targets. Needs Python 3.10 or newer and make; everything else goes into .venv.

VENV ?= .venv
export VENV PYTHON
# Whatever the user has set: without bytecode, each worker and each command that is tested compiles everything again.
export PYTHONDONTWRITEBYTECODE =
BIN = "$(VENV)"/bin
SUPPORTED := 3.10 3.11 3.12 3.13
# More than there are cores, because many tests wait.
WORKERS ?= 8
OTHERS = --ignore=tests/handler --ignore=tests/portal/browser --ignore=tests/portal/forms --ignore=tests/portal/backstage
PYTEST = $(BIN)/pytest --workers $(WORKERS)

.DEFAULT_GOAL := help
.PHONY: help setup setup-dev demo outage picture test test-clients test-pythons test-this-python test-browser test-forms test-backstage screenshots lint types imports tests model storm simulation fuzz mutants lock forms spec operations bench bench-quick setup-bench clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: ## install the command line into .venv
	@requirements/set-up.sh run

setup-dev: ## install the command line and the tools that test it into .venv
	@requirements/set-up.sh dev

demo: setup ## run sample requests through the whole system on this machine
	@$(BIN)/express-sync demo

outage: setup ## run two outages of the API: what recovers automatically, and what one command replays
	@$(BIN)/express-sync demo --outage

picture: setup ## draw docs/demo.svg, the demo as the README shows it
	@$(BIN)/python -m express_sync.ops.demo.picture docs/demo.svg

# The types are checked on one core, so the tests start beside them.
test: lint imports ## check style, types, architecture and behaviour
	@$(MAKE) --no-print-directory -j 2 types tests

lint: setup-dev ## ruff
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

# Its output is kept together: the tests print theirs at the same time.
types: setup-dev ## mypy --strict
	@found=$$($(BIN)/mypy --strict 2>&1); code=$$?; printf '\nmypy --strict: %s\n' "$$found"; exit $$code

imports: setup-dev ## import-linter
	@$(BIN)/lint-imports --no-cache --no-logo

tests: setup-dev ## pytest: the tests of handler/ with coverage, then the others that need no browser
	$(PYTEST) tests/handler --cov
	$(PYTEST) $(OTHERS)

# Each version has an environment of its own.
test-pythons: ## run what depends on Python on each other supported version that is installed
	@own=$$($(BIN)/python -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null); \
	for version in $(SUPPORTED); do \
	  [ "$$version" = "$$own" ] && continue; \
	  python= ; \
	  for candidate in python$$version "$${PYENV_ROOT:-$$HOME/.pyenv}"/versions/$$version.*/bin/python; do \
	    "$$candidate" -c '' >/dev/null 2>&1 && python=$$candidate && break; \
	  done; \
	  [ -n "$$python" ] || { echo "== Python $$version is not installed, skipped"; continue; }; \
	  echo "== Python $$version"; \
	  $(MAKE) --no-print-directory test-this-python PYTHON="$$python" VENV=.venv-$$version || exit 1; \
	done

test-this-python: setup-dev
	$(PYTEST) tests/handler tests/local tests/doubles tests/ops/unit tests/repo/test_repository.py

# Chromium is not a Python package; the script finds or installs it.
test-browser: setup-dev ## the pages of the portal in Chromium: what a person does, both languages and themes, keyboard, axe
	@chromium=$$(requirements/set-up-chromium.sh) && CHROMIUM="$$chromium" $(BIN)/pytest --workers 2 tests/portal/browser

test-forms: setup-dev ## the form libraries react-jsonschema-form and JSON Forms with the request schema, in Chromium (needs npm)
	@chromium=$$(requirements/set-up-chromium.sh) && CHROMIUM="$$chromium" $(BIN)/pytest --workers 2 tests/portal/forms

test-backstage: setup-dev ## the form of Backstage with the template of schemas/forms, in Chromium (needs npm; 550 MB of packages)
	@chromium=$$(requirements/set-up-chromium.sh) && CHROMIUM="$$chromium" $(BIN)/pytest tests/portal/backstage

screenshots: setup-dev ## take the pictures of the portal in docs/images/
	@chromium=$$(requirements/set-up-chromium.sh) && CHROMIUM="$$chromium" $(BIN)/python -m tests.portal.browser.screenshots docs/images

test-clients: setup-dev ## old SDKs and npm clients against the local cloud, with the table of the documentation (minutes)
	@$(call with_smq_clients,--check)
	$(BIN)/python -m tests.clients

model: setup-dev ## every schedule of two to five faults, by setting, against the real code, on every core (half an hour)
	$(BIN)/python -m tests.system.model --faults 5

storm: setup-dev ## 2,000 requests under every fault, kill and restart at random
	$(BIN)/python -m tests.system.storm --requests 2000

simulation: setup-dev ## simulate 320 days with outages of every kind in virtual time (minutes)
	$(BIN)/python -m tests.system.simulation

fuzz: setup-dev ## 100,000 events of every wrong kind
	FUZZ_EXAMPLES=100000 $(BIN)/pytest -q tests/system/fuzz

mutants: setup-dev ## mutation-test the pure core; each survivor needs a written reason (a quarter of an hour)
	rm -rf mutants
	$(BIN)/mutmut run --max-children 2 > /dev/null
	$(BIN)/python -m tests.system.mutants

bench: setup-bench ## measure everything beside peers and floors; writes docs/benchmarks/ (a quarter of an hour)
	$(BIN)/python -m benchmarks
	$(BIN)/python -m benchmarks.scale

bench-quick: setup-bench ## the same with few rounds, into .express-sync/bench-quick (minutes)
	$(BIN)/python -m benchmarks --quick --output .express-sync/bench-quick

setup-bench: setup-dev
	@requirements/set-up.sh bench

lock: ## pin every dependency again, with hashes (needs uv)
	uv pip compile pyproject.toml --extra local --extra ops --extra portal --group build --output-file requirements/run.txt $(LOCK)
	uv pip compile pyproject.toml --extra local --extra ops --extra portal --group build --group dev -c requirements/run.txt --output-file requirements/dev.txt $(LOCK)
	uv pip compile pyproject.toml -c requirements/run.txt --no-emit-package pycryptodome --output-file requirements/function.txt $(LOCK)
	uv pip compile --group installer --output-file requirements/uv.txt $(LOCK)
	uv pip compile --group bench -c requirements/dev.txt --output-file requirements/bench.txt $(LOCK)
	for peer in moto tea powertools; do \
	  uv pip compile --group peer-$$peer -c requirements/function.txt --output-file requirements/peer-$$peer.txt $(LOCK) || exit 1; \
	done

forms: setup-dev ## write schemas/forms/ and the bundled AsyncAPI document from the contracts (needs npm)
	@modules=$$(mktemp -d) && trap 'rm -rf "$$modules"' EXIT && \
	cp tools/forms/package.json tools/forms/package-lock.json tools/forms/.npmrc tools/forms/validator.mjs "$$modules" && \
	npm ci --prefix "$$modules" --ignore-scripts --no-audit --no-fund --silent && \
	node "$$modules/validator.mjs" schemas/provision-request.v1.json > schemas/forms/request.validate.mjs && \
	$(BIN)/python -m tools.forms

ROS_CDK := 1.15.0
ROS_CDK_PACKAGES := cms fc3 mns ram sls

spec: setup-dev ## write the specification for the template check from the wheels of the ROS CDK
	@wheels=$$(mktemp -d) && trap 'rm -rf "$$wheels"' EXIT && \
	$(BIN)/python -m pip download --no-deps --dest "$$wheels" $(ROS_CDK_PACKAGES:%=ros-cdk-%==$(ROS_CDK)) && \
	$(BIN)/python -m tools.ros_spec "$$wheels"/*.whl

SMQ_CLIENTS := alibabacloud-mns-open20220119==1.4.1 alibabacloud-smqproxy20260409==1.0.5
# The clients of the control plane and of SMQProxy are read from their wheels, downloaded for this; $(1) are options.
with_smq_clients = wheels=$$(mktemp -d) && trap 'rm -rf "$$wheels"' EXIT && \
	$(BIN)/python -m pip download -q --no-deps --dest "$$wheels" $(SMQ_CLIENTS) && \
	$(BIN)/python -m tools.operation_tables $(1) "$$wheels"/*.whl

operations: setup-dev ## write the tables of the real services' operations, and the lists of the documentation
	@$(call with_smq_clients)
	@$(BIN)/python -m tools.operation_lists

LOCK := --universal --python-version 3.10 --generate-hashes --no-annotate --no-header --no-emit-index-url --no-emit-find-links

clean: ## remove what the other targets made
	rm -rf .clients .venv .venv-3.* .express-sync .coverage .hypothesis .mypy_cache .pytest_cache .ruff_cache dist mutants
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
