# make demo   sets everything up and plays the demo      演示
# make test   sets everything up and runs the tests      测试
# Needs: Python 3.11 to 3.13 (Debian: with python3-venv), make, and the Python package index.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# uv ignores the system's certificates by default and would fetch interpreters of its own: neither suits an office network.
export UV_SYSTEM_CERTS ?= 1
export UV_PYTHON_DOWNLOADS ?= never
export UV_PYTHON ?= $(PYTHON)
UV := $(or $(shell command -v uv 2>/dev/null),.venv-boot/bin/uv)
GROUP ?= demo
# The tests of a file stay together: what they share is made once. One process: make test SPREAD=
SPREAD ?= -n auto --maxprocesses 4 --dist loadfile

.PHONY: help demo test quick lint pins check-pins bench-verify bundle clean
.DEFAULT_GOAL := help

help:
	@sed -n '1,3p' Makefile | sed 's/^# //'
	@echo "make lint   style, types, import law; make quick: tests without the slow ones; make bundle: an offline install; make clean"

demo: $(VENV)/.demo
	$(BIN)/cityloop demo $(DEMO_ARGS)

test: $(VENV)/.test
	$(BIN)/python -m pytest $(SPREAD)

quick: $(VENV)/.test
	$(BIN)/python -m pytest -m "not slow" $(SPREAD)

lint: $(VENV)/.dev
	$(BIN)/ruff check src tests
	$(BIN)/ruff format --check src tests
	$(BIN)/mypy
	$(BIN)/lint-imports

bench-verify: $(VENV)/.demo
	$(BIN)/cityloop bench verify --data "$(DATA)" --json

# The offline install (docs/bundle.md), also for others: make bundle BUNDLE_PYTHON=3.12 BUNDLE_PLATFORM=win_amd64 EXTRAS=...
bundle: $(VENV)/.demo
	@test -x .venv-boot/bin/python || $(PYTHON) -m venv .venv-boot
	$(BIN)/python bundle/make_bundle.py --uv "$(UV)" --pip .venv-boot/bin/python \
	  --python "$(BUNDLE_PYTHON)" --platform "$(BUNDLE_PLATFORM)" --extras "$(EXTRAS)"

# The pins: hashes, no addresses; what the demo installs is part of what the tests install. Compiling keeps the present pins; add UPGRADE=--upgrade to renew them.
PIN = $(UV) pip compile pyproject.toml --universal --generate-hashes --no-header --no-annotate --python-version 3.11 -q $(UPGRADE)
pins: .venv-boot/.ready
	$(PIN) --extra energy --extra forecast --group test -o requirements/test.txt
	$(PIN) -c requirements/test.txt -o requirements/demo.txt
	$(PIN) --extra energy --extra forecast --group test --group dev -c requirements/test.txt -o requirements/dev.txt

check-pins: pins
	@git diff --exit-code --stat -- requirements || { echo "pyproject.toml and requirements/ disagree: run 'make pins' and commit."; exit 1; }

$(VENV)/.demo: requirements/demo.txt pyproject.toml .venv-boot/.ready
	@$(MAKE) -s $(VENV)/.made
	$(UV) pip install -q --python $(BIN)/python --require-hashes -r requirements/demo.txt
	$(UV) pip install -q --python $(BIN)/python --no-deps -e .
	@touch $@

$(VENV)/.test: requirements/test.txt $(VENV)/.demo
	$(UV) pip install -q --python $(BIN)/python --require-hashes -r requirements/test.txt
	@touch $@

$(VENV)/.dev: requirements/dev.txt $(VENV)/.test
	$(UV) pip install -q --python $(BIN)/python --require-hashes -r requirements/dev.txt
	@touch $@

$(VENV)/.made: .venv-boot/.ready
	$(UV) venv -q --allow-existing --python $(PYTHON) $(VENV)
	@touch $@

# uv: the one on PATH, else one of our own in .venv-boot.
.venv-boot/.ready:
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))' 2>/dev/null || { \
	  echo "Cityloop needs Python 3.11 to 3.13; '$(PYTHON)' is $$($(PYTHON) --version 2>&1). Cure: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }
	@mkdir -p .venv-boot
	@if ! command -v uv >/dev/null 2>&1; then \
	  $(PYTHON) -m venv .venv-boot || { echo "Python cannot make a virtual environment. Cure on Debian and Ubuntu: apt install python3-venv"; exit 1; }; \
	  .venv-boot/bin/python -m pip install -q --disable-pip-version-check 'uv>=0.13,<0.14'; \
	fi
	@touch $@

clean:
	rm -rf $(VENV) .venv-boot cityloop-demo .pytest_cache .mypy_cache .ruff_cache .hypothesis
