# tenfold: the two commands are `make reproduce` and `make test`. Both set everything up first.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
SCALE ?= $(shell sed -n 's/^scale: *//p' config/suite.yaml)

export PATH := $(CURDIR)/$(BIN):$(PATH)
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export MLFLOW_DISABLE_TELEMETRY := true
export DO_NOT_TRACK := 1

.PHONY: help setup reproduce smoke test test-cluster test-fast lint ui verify pull cluster doctor lock lock-results clean

help:  ## this list
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 12

setup: $(READY)  ## virtual environment in .venv with the locked packages

$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "tenfold needs Python 3.11 or newer; try: make PYTHON=python3.12"; exit 1; }
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "Installing the locked packages into $(VENV): two to five minutes, once."
	$(BIN)/python -m pip install --quiet --requirement requirements.lock
	$(BIN)/python -m pip install --quiet --no-deps --editable .
	touch $@

reproduce: setup  ## fetch the data, build the whole suite, print the verdicts
	tenfold plan --scale $(SCALE)
	tenfold data --scale $(SCALE)
	snakemake --cores all --config scale=$(SCALE); status=$$?; tenfold verdicts --scale $(SCALE); exit $$status

smoke: setup  ## the whole suite at scale smoke: seconds, proves the plumbing
	snakemake --cores all --config scale=smoke

cluster: setup  ## the suite on a SLURM cluster: look before, then build (profiles/slurm)
	tenfold doctor --cluster --scale $(SCALE)
	snakemake --profile profiles/slurm --config scale=$(SCALE); status=$$?; tenfold verdicts --scale $(SCALE); exit $$status

test: setup  ## the tests
	pytest -n 2 -m "not cluster"

test-cluster: setup  ## the tests on a SLURM cluster of this machine (Debian: slurm-wlm, munge; as root)
	pytest tests/cluster

test-fast: setup  ## the tests that run no whole workflows
	pytest -n 2 -m "not workflow and not cluster"

lint: setup  ## what CI checks besides the tests
	ruff check .
	ruff format --check .
	mypy
	lint-imports
	snakefmt --check Snakefile workflow
	tenfold schemas --check
	tenfold versions --check
	tools/lint-workflow

verify: setup  ## compare the results with the committed reference
	tenfold verify --scale $(SCALE)

pull: setup  ## versioned data and results from the DVC remote, and what cannot come
	tenfold pull

ui: setup  ## MLflow on 127.0.0.1
	tenfold ui

doctor: setup  ## is this machine ready
	tenfold doctor

lock: setup  ## resolve the packages again
	sh tools/lock

lock-results: setup  ## build the default scale and record in dvc.lock what it was made from
	sh tools/lock-results

clean:  ## remove the environment and caches; data and results stay
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis src/*.egg-info
