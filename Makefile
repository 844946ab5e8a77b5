# Two commands do all there is to set up:  make demo  and  make test.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
SCANNER := .venv-scan
SCANNER_READY := $(SCANNER)/.ready
POLICIES := .venv-policies
POLICIES_READY := $(POLICIES)/.ready
SITE := .venv-site
SITE_READY := $(SITE)/.ready
PEERS := .venv-peers
PEERS_READY := $(PEERS)/.ready
PEERS_IN_NODE := bench/peers/node_modules/.ready
SCHEMA := cp_event_source/domain-event.schema.json
# On all cores. The tests of a module run in one process, since they share fixtures.
PYTEST := $(BIN)/pytest --numprocesses auto --dist loadscope --no-loadscope-reorder
# `make quick` leaves these out: suites that go deep, measure or start an emulator, and the slowest of the other tests.
# Of the others, those with random examples try fewer.
SLOW := tests/bench tests/corpus tests/e2e tests/engine tests/faults tests/fuzz tests/histories tests/local tests/model tests/new \
  tests/scan tests/wheel \
  tests/component/test_plugin.py \
  tests/docs/test_code_blocks.py::test_commands_print_what_the_page_shows \
  tests/docs/test_site.py::test_the_site_is_built_without_a_warning \
  tests/doubles/test_dynamodb.py::test_the_double_and_moto_give_the_same_replies \
  tests/handler/domain/test_time_limit.py::test_what_cannot_be_stopped_ends_with_the_process \
  tests/handler/projection/test_projection.py::TestLateEvents \
  tests/handler/projection/test_rebuild.py::TestProgress::test_waiting_events_are_in_the_result \
  tests/handler/test_largest_batches.py \
  tests/handler/test_project.py::TestBatches::test_a_large_batch \
  tests/handler/test_slow_messages.py \
  tests/handler/values/test_exact_json.py::test_nesting_of_any_depth_is_read_and_written \
  tests/operate/test_dead_letters.py tests/operate/test_events.py tests/operate/test_history.py \
  tests/operate/test_parked.py::test_the_command_shows_what_parks_an_object \
  tests/operate/test_rebuild.py tests/operate/test_scale.py tests/operate/test_state.py tests/operate/test_states.py \
  tests/operate/test_status.py tests/operate/test_transfer.py tests/operate/test_verifying.py \
  tests/policies/test_policy_pack.py \
  tests/producer/test_event.py::test_a_payload_of_any_depth_is_an_event \
  tests/test_pinned.py \
  tests/testing/test_checks.py \
  tests/testing/test_deterministic.py \
  tests/testing/test_isolated.py

.DEFAULT_GOAL := help
.PHONY: help demo quick test test-python functions scan policies bench bench-peers check format schema docs site wheel release lock clean

help: ## Show the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-11s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(READY): requirements.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "cp-event-source needs Python 3.11 or newer; run: make PYTHON=/path/to/python3.11 $(MAKECMDGOALS)" >&2; exit 1; }
	@echo "Setting up $(VENV) (once; about a minute)"
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/pip install --quiet --require-hashes --requirement requirements.txt
	@$(BIN)/pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

# In an environment of its own: it pins its own boto3.
$(SCANNER_READY): tests/scan/requirements.txt | $(READY)
	@echo "Setting up $(SCANNER) (once; half a minute)"
	@$(PYTHON) -m venv $(SCANNER)
	@$(SCANNER)/bin/pip install --quiet --require-hashes --requirement tests/scan/requirements.txt
	@touch $@

# In an environment of its own: the SDK of policy packs pins an older protobuf.
$(POLICIES_READY): tests/policies/requirements.txt | $(READY)
	@echo "Setting up $(POLICIES) (once; some seconds)"
	@$(PYTHON) -m venv $(POLICIES)
	@$(POLICIES)/bin/pip install --quiet --require-hashes --requirement tests/policies/requirements.txt
	@touch $@

# In an environment of its own: nothing else needs the generator.
$(SITE_READY): site/requirements.txt
	@echo "Setting up $(SITE) (once; some seconds)"
	@$(PYTHON) -m venv $(SITE)
	@$(SITE)/bin/pip install --quiet --require-hashes --requirement site/requirements.txt
	@touch $@

# In an environment of its own: nothing of the peers gets among what this project needs. What cannot be had is left out,
# and the comparison says so.
$(PEERS_READY): bench/peers/requirements.txt | $(READY)
	@echo "Setting up $(PEERS) (once; some seconds)"
	@$(PYTHON) -m venv $(PEERS)
	@$(PEERS)/bin/pip install --quiet --require-hashes --requirement bench/peers/requirements.txt && touch $@ || \
	  { rm -rf $(PEERS); echo "Without the peers in Python" >&2; }

$(PEERS_IN_NODE): bench/peers/package-lock.json | $(READY)
	@echo "Setting up bench/peers/node_modules (once; half a minute)"
	@npm ci --prefix bench/peers --ignore-scripts --no-audit --no-fund --silent && touch $@ || \
	  echo "Without the peers in JavaScript: they need Node 20 or newer, and npm" >&2

demo: $(READY) ## Run examples/default end to end on this machine, without an AWS account
	@$(BIN)/cp-event-source local examples/default --events examples/default/events.json

check: $(READY) ## Lint, format check, types
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy

quick: check ## Check and most tests, in about a minute; not bench, corpus, e2e, engine, faults, fuzz, histories, local, model, new, scan, wheel
	$(PYTEST) --hypothesis-profile quick $(SLOW:%=--deselect=%)

test: check $(SCANNER_READY) $(POLICIES_READY) $(SITE_READY) ## Everything that must be green, on all cores
	$(PYTEST)

test-python: ## Test the functions' code under another Python, 3.11 to 3.14: make test-python PYTHON=python3.14
	@$(MAKE) --no-print-directory VENV=.venv-$$($(PYTHON) -c 'import sys; print("%d.%d" % sys.version_info[:2])') functions

functions: $(READY)
	$(PYTEST) tests/handler tests/corpus tests/model

scan: $(READY) $(SCANNER_READY) ## Let checkov look for security controls that are missing
	$(BIN)/pytest tests/scan

policies: $(READY) $(POLICIES_READY) ## Try the policy pack of examples/policy_pack
	$(BIN)/pytest tests/policies

bench: $(READY) ## Measure what the functions cost; docs/performance.md says how to read it (some minutes)
	@$(BIN)/python -m bench

bench-peers: $(READY) $(PEERS_READY) $(PEERS_IN_NODE) ## Measure this pipeline beside three libraries and a handler without guards (ten minutes)
	@$(BIN)/python -m bench.peers

format: $(READY) ## Let ruff format and fix
	$(BIN)/ruff format
	$(BIN)/ruff check --fix

schema: $(READY) ## Generate the JSON Schema of the domain event again
	$(BIN)/cp-event-source schema > $(SCHEMA).new && mv $(SCHEMA).new $(SCHEMA)

docs: $(READY) ## Generate the pages on compliance and costs again
	$(BIN)/python -m cp_event_source.pages.compliance > docs/compliance.md.new && mv docs/compliance.md.new docs/compliance.md
	$(BIN)/python -m cp_event_source.pages.costs > docs/costs.md.new && mv docs/costs.md.new docs/costs.md

site: $(SITE_READY) ## Build the documentation site into build/site
	@$(SITE)/bin/sphinx-build --quiet --fail-on-warning --keep-going -c site -d build/site-doctrees . build/site
	@echo "Open build/site/index.html"

wheel: $(READY) ## Build the wheel into dist/
	$(BIN)/python -m build --wheel --no-isolation

release: ## Check, test, tag and build a release: make release VERSION=1.2.3
	@.ci/release $(VERSION)

lock: ## Pin the dependencies again (needs uv and npm)
	uv pip compile --upgrade --universal --python-version 3.11 --generate-hashes --no-annotate --no-header \
	  --extra local --extra operate --group dev pyproject.toml --output-file requirements.txt
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-annotate --no-header \
	  --constraint requirements.txt pyproject.toml --output-file cp_event_source/requirements.txt
	uv pip compile --upgrade --universal --python-version 3.11 --generate-hashes --no-annotate --no-header \
	  tests/scan/requirements.in --output-file tests/scan/requirements.txt
	uv pip compile --upgrade --universal --python-version 3.11 --generate-hashes --no-annotate --no-header \
	  tests/policies/requirements.in --output-file tests/policies/requirements.txt
	uv pip compile --upgrade --universal --python-version 3.11 --generate-hashes --no-annotate --no-header \
	  site/requirements.in --output-file site/requirements.txt
	uv pip compile --upgrade --universal --python-version 3.11 --generate-hashes --no-annotate --no-header \
	  bench/peers/requirements.in --output-file bench/peers/requirements.txt
	npm install --prefix bench/peers --package-lock-only --omit-lockfile-registry-resolved --ignore-scripts --no-audit --no-fund

clean: ## Remove what the targets above made
	rm -rf .venv .venv-* bench/peers/node_modules build dist .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
