# Two commands do all there is to set up:  make demo  and  make test.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
SCANNER := .venv-scan
SCANNER_READY := $(SCANNER)/.ready
SCHEMA := cp_event_source/domain-event.schema.json

.DEFAULT_GOAL := help
.PHONY: help demo test scan bench check format schema docs wheel lock clean

help: ## Show the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(READY): requirements.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "cp-event-source needs Python 3.11 or newer; run: make PYTHON=/path/to/python3.11 $(MAKECMDGOALS)" >&2; exit 1; }
	@echo "Setting up $(VENV) (once; about a minute)"
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/pip install --quiet --require-hashes --requirement requirements.txt
	@$(BIN)/pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

# Apart from all else: it pins its own boto3.
$(SCANNER_READY): tests/scan/requirements.txt | $(READY)
	@echo "Setting up $(SCANNER) (once; half a minute)"
	@$(PYTHON) -m venv $(SCANNER)
	@$(SCANNER)/bin/pip install --quiet --require-hashes --requirement tests/scan/requirements.txt
	@touch $@

demo: $(READY) ## Run examples/default end to end on this machine, without an AWS account
	@$(BIN)/cp-event-source local examples/default --events examples/default/events.json

check: $(READY) ## Lint, format check, types
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy

test: check $(SCANNER_READY) ## Everything that must be green: check, scan, unit, wiring, end-to-end and wheel tests
	$(BIN)/pytest

scan: $(READY) $(SCANNER_READY) ## Let checkov look for security controls that are missing
	$(BIN)/pytest tests/scan

bench: $(READY) ## Measure what the functions cost; docs/performance.md says how to read it (some minutes)
	@$(BIN)/python -m bench

format: $(READY) ## Let ruff format and fix
	$(BIN)/ruff format
	$(BIN)/ruff check --fix

schema: $(READY) ## Generate the JSON Schema of the domain event anew
	$(BIN)/cp-event-source schema > $(SCHEMA).new && mv $(SCHEMA).new $(SCHEMA)

docs: $(READY) ## Generate the pages on compliance and costs anew
	$(BIN)/python -m cp_event_source.pages.compliance > docs/compliance.md.new && mv docs/compliance.md.new docs/compliance.md
	$(BIN)/python -m cp_event_source.pages.costs > docs/costs.md.new && mv docs/costs.md.new docs/costs.md

wheel: $(READY) ## Build the wheel into dist/
	$(BIN)/python -m build --wheel --no-isolation

lock: ## Pin the dependencies anew (needs uv)
	uv pip compile --upgrade --universal --python-version 3.11 --generate-hashes --no-annotate --no-header \
	  --extra local --group dev pyproject.toml --output-file requirements.txt
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-annotate --no-header \
	  --constraint requirements.txt pyproject.toml --output-file cp_event_source/requirements.txt
	uv pip compile --upgrade --universal --python-version 3.11 --generate-hashes --no-annotate --no-header \
	  tests/scan/requirements.in --output-file tests/scan/requirements.txt

clean: ## Remove what the targets above made
	rm -rf $(VENV) $(SCANNER) build dist .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
