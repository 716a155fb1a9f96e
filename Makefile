# Each target sets up .venv by itself, from files whose hashes are in requirements.txt; nothing is downloaded after that.

PYTHON ?= python3
PIP := .venv/bin/python -m pip -qq --disable-pip-version-check --no-input

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help accuracy lint test test-all timing report results packages .venv

help:
	@echo "make .venv      the environment alone (2.7 GB, a few minutes), which the others set up where there is none"
	@echo "make accuracy   digits against cost: quick preset, tables and page in reports/local (5 minutes on two cores)"
	@echo "make test       linters, types and the quick tests (10 minutes on two cores)"
	@echo "make test-all   the slow ones too: pySecDec in depth, faults, the pages' code, the browser (45 minutes)"
	@echo "make timing     timing regressions by asv, in an environment of its own; results in reports/asv (15 minutes)"
	@echo "make results    published experiments of <= 75 minutes again, then the report (up to 6 hours; finished runs are kept)"
	@echo "make report     tables, page and README again, from the records in reports/published"

accuracy: .venv
	.venv/bin/python -m benchmarks.accuracy --preset quick; status=$$?; \
	.venv/bin/python -m benchmarks.report --out reports/local && exit $$status

PYTEST := OMP_NUM_THREADS=1 .venv/bin/python -m pytest -n 2 --dist worksteal

lint: .venv
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/mypy

test: lint
	$(PYTEST) -m "not slow and not browser"

test-all: lint
	$(PYTEST)

timing: .venv
	.venv/bin/asv machine --yes > /dev/null
	.venv/bin/asv run

report: .venv
	.venv/bin/python -m benchmarks.report

# Runs that failed (1) are rows of the report; after anything else there is none.
results: .venv
	.venv/bin/python -m benchmarks.results; status=$$?; \
	test $$status -gt 1 || .venv/bin/python -m benchmarks.report && exit $$status

# Two stamps, each written only after its step succeeded: a half-made environment has none and is made again. Another
# lock starts from nothing; another pyproject.toml only installs the project again, which takes seconds.
.venv: .venv/project.stamp

.venv/project.stamp: pyproject.toml .venv/packages.stamp
	@$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

.venv/packages.stamp: requirements.txt
	@command -v $(PYTHON) > /dev/null || \
		{ echo "There is no $(PYTHON) here; install Python 3.11 or newer, or name yours: make accuracy PYTHON=..." >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "$$($(PYTHON) --version) is too old; Loopmark needs 3.11 or newer: install one and name it, make accuracy PYTHON=..." >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2> /dev/null || \
		{ echo "$(PYTHON) lacks the module venv; install it (on Debian and Ubuntu the package python3-venv)." >&2; exit 1; }
	@echo "Setting up .venv from requirements.txt (2.7 GB, a few minutes) ..."
	@rm -rf .venv
	@$(PYTHON) -m venv .venv
	@$(MAKE) --no-print-directory packages
	@touch $@

# The files of the lock. In this mode pip prefers files whose hashes the index tells, and so torch's build for GPUs to a
# CPU build that lies at hand: torch's file is chosen first, and then held against the hashes. A build for GPUs asks for
# CUDA libraries, which are not in the lock; the last line brings them, and nothing else.
packages:
	@folder=$$(mktemp -d) && trap 'rm -rf "$$folder"' EXIT && \
	sed -n '/^torch==/,/[^\\]$$/p' requirements.txt > $$folder/torch.txt && \
	$(PIP) download --no-deps --dest $$folder "$$(grep -o '^torch==[^ ]*' requirements.txt)" && \
	$(PIP) install --no-deps --require-hashes --no-index --find-links $$folder --requirement $$folder/torch.txt && \
	$(PIP) install --no-deps --require-hashes --requirement requirements.txt && \
	$(PIP) install torch
