# `make` turns every failure into exit 2: where the exit code matters, call .venv/bin/seatrial itself.
.DEFAULT_GOAL := help
SHELL := /bin/sh
PYTHON ?= python3
UV := .tools/bin/uv
BIN := .venv/bin
PYTEST := $(BIN)/pytest
CODE := fleet seatrial dashboards loadtests tests e2e benchmarks docs

.PHONY: help setup trial up test test-fast test-e2e test-compose check check-workflows format red proof images-offline secrets pin-images picture reference schemas lock clean

help: ## Show the verbs
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: .venv/.ready ## Create .venv from the lock, fetch Prometheus and Alertmanager (needs Python 3.11+, pip and make)

# uv comes into a folder of its own, so neither a venv module nor a writable system Python is needed.
$(UV): requirements-setup.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Seatrial needs Python 3.11 or newer; this is " + sys.version.split()[0] + ". Try: make setup PYTHON=python3.12")'
	@echo "setup: fetching uv"
	@$(PYTHON) -m pip install --quiet --disable-pip-version-check --root-user-action=ignore --upgrade --target .tools --require-hashes -r requirements-setup.lock
	@touch $@

.venv/.ready: $(UV) requirements.lock pyproject.toml
	@echo "setup: installing the locked packages into .venv"
	@[ -x $(BIN)/python ] || $(UV) venv --quiet --no-python-downloads --python $(PYTHON) .venv
	@$(UV) pip sync --quiet --require-hashes --python $(BIN)/python requirements.lock
	@$(UV) pip install --quiet --no-deps --no-build-isolation --python $(BIN)/python --editable .
	@$(BIN)/seatrial install
	@touch $@

trial: setup ## The main job: start the fleet and Prometheus, load them, judge, report, stop
	@$(BIN)/seatrial trial

up: setup ## Start the fleet and Prometheus and keep them running until Ctrl-C
	@$(BIN)/seatrial up

test: test-fast test-e2e ## All tests: fast ones, then end to end on a real stack

test-fast: setup ## The fast tests alone: no network, a minute or two
	@$(PYTEST) tests -n auto

test-e2e: setup ## End to end against real processes (about ten minutes)
	@$(PYTEST) e2e --ignore e2e/shop -m "not red and not slow" -n 2 --dist loadfile
	@$(PYTEST) e2e/shop -m "not slow"

test-compose: setup ## The shop's suite on containers (needs a Docker daemon; makes the images that are missing)
	@SEATRIAL_DOCKER=required $(PYTEST) e2e --on compose

check: setup ## Format, lint, types, then all tests
	@$(BIN)/ruff format --check $(CODE)
	@$(BIN)/ruff check $(CODE)
	@$(BIN)/mypy
	@$(MAKE) --no-print-directory test

check-workflows: $(UV) ## GitHub's files: actionlint, zizmor, schemas, shellcheck (needs Go once)
	@.github/check.sh

format: setup ## Rewrite the code in the house format
	@$(BIN)/ruff format $(CODE)
	@$(BIN)/ruff check --fix $(CODE)

red: setup ## The red table: every check is shown to fail under its fault (about a quarter of an hour)
	@$(PYTEST) e2e -m red

proof: setup ## The long proofs: red table, ten trials in a row, kills, rolling restarts, crashes, races (hours)
	@$(PYTEST) e2e -m "red or slow"

images-offline: ## Build images of all services where no registry can be reached (Debian, Docker; installs it as root)
	@deploy/local-images/build.sh

secrets: ## Make the passwords that the profile elk of docker-compose.yml needs, once
	@deploy/secrets/make.sh

pin-images: ## Pin the images of others in docker-compose.yml to digests (Docker with buildx; asks their registries)
	@deploy/compose/pin.sh

schemas: setup ## Write the JSON Schemas of the project's files anew from their models
	@$(BIN)/python -m seatrial.schemas

picture: setup ## Draw the README's pictures from the latest run: docs/trial.svg, docs/report.png, docs/dashboards*.png (needs Chromium)
	@$(BIN)/python docs/picture.py runs/latest docs/trial.svg
	@$(BIN)/python docs/report_picture.py runs/latest docs

reference: setup ## Write the generated pages of docs/reference anew
	@$(BIN)/python -m docs.generator

lock: $(UV) ## Resolve the dependencies anew into the hashed, host-free lock files
	@$(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate --no-header --upgrade requirements-setup.in -o requirements-setup.lock
	@$(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate --no-header --upgrade pyproject.toml --extra dashboards --group fleet --group dev -o requirements.lock
	@for group in fleet load; do \
	  $(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate --no-header --group $$group --constraint requirements.lock -o requirements-$$group.lock || exit 1; \
	done
	@$(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate --no-header --upgrade .github/requirements.in -o .github/requirements.lock
	@! grep -nE '://|^--(index|extra-index|find-links)' requirements*.lock .github/requirements.lock

clean: ## Remove the environment and what runs left
	@rm -rf .venv .tools runs .mypy_cache .ruff_cache .pytest_cache .hypothesis
