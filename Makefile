# `make` alone prints the targets.
# The versions that every locked package has wheels for: requires-python of pyproject.toml, written out.
VERSIONS := 3.11 3.12 3.13 3.14
# The oldest of them that has pip, or whatever python3 is, which setup then judges.
PYTHON ?= $(shell for python in $(VERSIONS:%=python%) python3; do \
	$$python -c "import pip" 2> /dev/null && echo $$python && exit; done; echo python3)
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.DEFAULT_GOAL := help
.PHONY: help setup demo nightly test lint audit format docs bench reliability soak lock clean

help: ## Print the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1\t\2/' | expand -t 16

setup: $(READY) ## Create .venv with the locked packages, and find or install a Chromium

# pip installs into the new environment from outside, so that a Python without ensurepip serves too.
# The lock is complete, so nothing is resolved again.
$(READY): constraints.txt pyproject.toml
	@python="$(PYTHON)"; test ! -x $(BIN)/python || python=$(BIN)/python; \
	found=$$($$python -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2> /dev/null); \
	case " $(VERSIONS) " in *" $${found:-none} "*) ;; *) \
		echo "$$python is $${found:+Python }$${found:-not a Python}, and gpuledger runs on Python $(firstword $(VERSIONS)) to" \
			"$(lastword $(VERSIONS)): install one of them and type, for example, make clean setup PYTHON=python3.12" >&2; \
		exit 1;; esac
	@test -x $(BIN)/python || $(PYTHON) -m venv --without-pip $(VENV)
	@echo "installing the locked packages (about a minute)"
	@$(PYTHON) -m pip --quiet --disable-pip-version-check --python $(BIN)/python install --no-deps --require-hashes -r constraints.txt
	@$(PYTHON) -m pip --quiet --disable-pip-version-check --python $(BIN)/python install --no-deps --no-build-isolation -e .
	@$(BIN)/python -m scrapers.browser
	@touch $@

demo: $(READY) ## Sixty recorded nights through the real flow into data/demo (no network)
	@$(BIN)/gpuledger demo --home data/demo

nightly: $(READY) ## One live run against the internet into GPULEDGER_HOME or ./data
	@$(BIN)/gpuledger nightly

# One process more than there are cores: some tests wait for servers, schedules and time limits. What is looked
# at in the text alone is looked at meanwhile.
test: $(READY) ## Lint, types, import contracts, tests
	@$(MAKE) --no-print-directory lint & lint=$$!; \
	$(BIN)/pytest -n $$(($$(getconf _NPROCESSORS_ONLN) + 1)) --dist loadfile --no-loadscope-reorder; tests=$$?; \
	wait $$lint && exit $$tests

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# bandit and pip-audit are not among the locked packages; pip-audit asks the network for known holes.
audit: ## Look for insecure code (bandit) and for packages with known holes (pip-audit)
	bandit --quiet --configfile pyproject.toml --recursive scrapers flows warehouse expectations reports
	@if command -v pip-audit > /dev/null; then pip-audit --disable-pip --require-hashes -r constraints.txt; \
	else echo "pip-audit is not installed: the packages were not audited"; fi

format: $(READY) ## Put the code into its one format
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

docs: demo ## Write the generated pages of docs/ from the demo
	$(BIN)/python -m flows.operations.coverage data/demo > docs/coverage.md
	$(BIN)/python -m expectations.limits > docs/limits.md
	$(BIN)/python -m warehouse.limits > warehouse/views/limits.sql

bench: $(READY) ## Measure speed and size as ratios, and write docs/performance.md
	$(BIN)/python -m benchmarks

soak: $(READY) ## The long tests: a million rows, a hundred kills, fifty served runs (half an hour)
	$(BIN)/pytest -m soak

reliability: $(READY) ## Write the tables of docs/reliability.md from what the fault suite observes
	$(BIN)/python -m tests.faults.reliability

# uv is not among the locked packages: only whoever changes the dependencies needs it.
# One lock for all versions: what only some of them need carries a marker. A version in constraints.txt is kept
# where it still fits; `uv pip compile --upgrade` takes newer ones.
lock: ## Resolve pyproject.toml anew into constraints.txt (needs uv)
	uv pip compile --universal --group dev --extra lake pyproject.toml --generate-hashes \
		--no-emit-index-url --no-emit-find-links --no-annotate --no-header --output-file constraints.txt

clean: ## Remove the environment and the demo
	rm -rf $(VENV) data/demo *.egg-info build
