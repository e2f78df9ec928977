# The one entry to this tree, for a person and for CI. Needs Python 3.11 to 3.13 and make.

PYTHON ?= python3
UV ?= .venv-tools/bin/uv
ARGS ?=

VENV := .venv
IN_VENV := $(VENV)/bin/python -m

# Take the interpreter that stands here, never another one from outside.
export UV_PYTHON_DOWNLOADS := never

INSTALL = $(UV) pip install --quiet --python $(VENV)/bin/python \
	--constraints constraints.txt --build-constraints constraints.txt

.DEFAULT_GOAL := help
.PHONY: help demo test check parts lock bench faults attacks clean

help: ## List what can be asked for
	@sed -n 's/^\([a-z]*\):[^#]*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 16
	@echo
	@echo '  Options: make demo ARGS="--once", make test ARGS="-k lunar", PYTHON=python3.12'

demo: $(VENV)/.for-demo ## Set everything up and run the main job with virtual loudspeakers
	@$(VENV)/bin/loalang demo $(ARGS)

test: $(VENV)/.for-dev ## Run all tests, three at a time (as root, installs the missing parts first)
	@$(VENV)/bin/python deploy/parts.py offer
	@$(IN_VENV) pytest --numprocesses 3 --dist loadfile --no-loadscope-reorder $(ARGS)

check: $(VENV)/.for-dev ## Formatting, lint, types and the laws of dependency
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/ruff check .
	$(VENV)/bin/mypy
	$(VENV)/bin/lint-imports --no-logo

parts: ## Install the real parts from Debian (broker, player, browser), leaving no service running
	@$(PYTHON) deploy/parts.py install

lock: $(UV) ## Resolve all dependencies anew into constraints.txt
	$(UV) pip compile pyproject.toml --universal --fork-strategy fewest --python-version 3.11 \
		--all-extras --group dev --group setup --group bench --upgrade --generate-hashes \
		--no-emit-index-url --no-emit-find-links --custom-compile-command 'make lock' \
		--quiet --output-file constraints.txt

bench: $(VENV)/.for-dev ## Measure speed and memory; prints a table
	@$(INSTALL) --group bench
	@$(VENV)/bin/python tests/bench $(ARGS)

faults: $(VENV)/.for-dev ## Do to real agents what villages do, by number; ARGS="kills" picks some
	@$(IN_VENV) tests.faults $(ARGS)

attacks: $(VENV)/.for-dev ## Try on real agents and offices what a thief would; ARGS="replay" picks some
	@$(IN_VENV) tests.attacks $(ARGS)

clean: ## Remove everything that make has made here
	rm -rf $(VENV) .venv-tools .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache

.venv-tools/bin/uv: constraints.txt
	@echo 'Đang cài đặt lần đầu, cần mạng / setting up for the first time, needs the network'
	@sh deploy/bring_uv.sh "$(PYTHON)" .venv-tools

$(VENV)/bin/python: | $(UV)
	@$(UV) venv --quiet --clear --python "$$("$(PYTHON)" -c 'import sys; print(sys.executable)')" $(VENV)

$(VENV)/.for-demo: pyproject.toml constraints.txt $(VENV)/bin/python | $(UV)
	@$(INSTALL) --editable '.[trial]'
	@touch $@

$(VENV)/.for-dev: pyproject.toml constraints.txt $(VENV)/bin/python | $(UV)
	@$(INSTALL) --editable '.[trial,online,piper,mms,pi,s3]' --group dev
	@touch $@ $(VENV)/.for-demo
