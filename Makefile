# Every target says what it does: make help. Recipes run on a fresh Debian 12 with Python 3.11.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
export PORT ?= 8000
export PYTHONPATH := $(CURDIR)
# Debian's interpreter is built for speed: pages and documents come a quarter sooner than with one built without it.
PYTHON ?= $(firstword $(wildcard /usr/bin/python3.11) python3)
BIN := .venv/bin
RUN := .venv/.run-installed
DEV := .venv/.dev-installed
ASSETS := app/static/vendor/.copied
PROVIDER := tests/provider/node_modules/.installed
MESSAGES := translations/en/LC_MESSAGES/messages.mo
READY := instance/.ready-$(shell echo "$(DATABASE_URL)" | cksum | cut -d' ' -f1)

help: ## list the targets
	@grep -hE '^[a-z0-9-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z0-9-]+):.*## /  \1\t/' | expand -t 14

run $(READY): export JALON_ENV := $(or $(JALON_ENV),development)
run: $(RUN) $(ASSETS) $(MESSAGES) $(READY) ## install what is missing and serve on 127.0.0.1:$(PORT), with the job worker
	@sed -E 's/127\.0\.0\.1:[0-9]+/127.0.0.1:$(PORT)/' $(READY)
	@PATH="$(CURDIR)/$(BIN):$$PATH" JALON_BASE_URL="$${JALON_BASE_URL:-http://127.0.0.1:$(PORT)}" exec honcho start -p $(PORT)

test: $(DEV) $(ASSETS) $(PROVIDER) $(MESSAGES) ## install what tests need and run every check
	@scripts/system_packages.sh test
	@$(MAKE) --no-print-directory lint
	@$(BIN)/pytest -n 2 --dist worksteal -q

lint: $(DEV) ## format, lint, types, import contracts, sizes, no address in a lock file
	@$(BIN)/ruff format --check --quiet .
	@$(BIN)/ruff check --quiet .
	@$(BIN)/mypy --no-error-summary app reports risk_models wsgi.py
	@$(BIN)/lint-imports >/dev/null || $(BIN)/lint-imports
	@$(BIN)/djlint --quiet --lint templates
	@$(BIN)/python scripts/sizes.py
	@! grep -n '://' package-lock.json tests/provider/package-lock.json requirements/*.lock

format: $(DEV) ## put the code in its form
	@$(BIN)/ruff check --fix --quiet . || true
	@$(BIN)/ruff format --quiet .

FUZZ := $(BIN)/pytest -n 2 --dist worksteal -q --hypothesis-profile=fuzz
FUZZ_RANKING := $(addprefix tests/risk_models/,ranking rules)
FUZZ_CONTENTS := tests/reports/test_any_content.py tests/app/homologation/test_frozen_comparison.py tests/app/platform/test_mail.py
FUZZ_READERS := $(addprefix tests/risk_models/,product_file exposure draft) tests/app/evidence/test_importers.py tests/app/packages/test_sbom_reading.py tests/app/packages/test_vex.py

fuzz: fuzz-ranking fuzz-contents fuzz-readers ## all three that follow (two hours at most)

fuzz-ranking: $(DEV) ## try each property of the ranking on 20,000 systems (an hour at most)
	@timeout 60m $(FUZZ) $(FUZZ_RANKING)

fuzz-contents: $(DEV) $(ASSETS) ## make 10,000 dossiers drawn at random as pages, 200 as PDF, freeze and read back (40 minutes at most)
	@timeout 40m $(FUZZ) $(FUZZ_CONTENTS)

fuzz-readers: $(DEV) ## give each reader of foreign files 20,000 of them (20 minutes at most)
	@timeout 20m $(FUZZ) $(FUZZ_READERS)

trial: $(RUN) ## say where the ranking places what was really used in published incidents that were seen when it was set
	@$(BIN)/python scripts/run_trial.py

bench: $(DEV) ## print the benchmarks
	@$(BIN)/pytest -q -s tests/benchmarks tests/browser/test_walk.py -p no:xdist --benchmarks

sbom: $(RUN) ## print what Jalon is made of, Python and npm, as CycloneDX 1.6
	@$(BIN)/python scripts/write_sbom.py

security: $(RUN) ## write docs/security.md from the tables of permissions and acts, and docs/asvs.yaml
	@$(BIN)/python scripts/write_security.py

migrate: $(RUN) ## bring the database up to date
	@mkdir -p $(@D)
	@$(BIN)/jalon migrate

lock: ## resolve the dependencies anew; the locks hold names, versions and hashes only
	@$(PYTHON) -m venv .venv && $(BIN)/pip install --quiet --require-hashes -r requirements/bootstrap.lock
	@$(BIN)/uv pip compile -q --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-annotate --extra server pyproject.toml -o requirements/run.lock
	@$(BIN)/uv pip compile -q --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-annotate --extra server --extra dev pyproject.toml -o requirements/dev.lock

i18n: $(DEV) ## gather the texts to translate and compile the catalogues
	@$(BIN)/pybabel -q extract -F babel.cfg -k _l -k _ln:1,2 --no-location --sort-output --omit-header -o .venv/messages.pot .
	@$(BIN)/pybabel -q update -l en -N --width=100 --ignore-obsolete -i .venv/messages.pot -d translations
	@sed -i -E '/^"(Project-Id|Report-Msgid|POT-Creation|PO-Revision|Last-Translator|Language-Team|Generated-By)/d' translations/*/LC_MESSAGES/*.po
	@$(BIN)/pybabel -q compile -d translations

clean: ## remove everything that was installed or built; keeps instance/
	rm -rf .venv node_modules tests/provider/node_modules app/static/vendor translations/*/LC_MESSAGES/*.mo *.egg-info .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis .cache test-results instance/.ready-*
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

.venv/.bootstrap: requirements/bootstrap.lock
	@scripts/system_packages.sh run
	@$(PYTHON) -m venv .venv
	@$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r $<
	@touch $@

$(RUN): .venv/.bootstrap requirements/run.lock pyproject.toml
	@test -e $(DEV) || $(BIN)/uv pip sync --quiet --compile-bytecode --require-hashes --python $(BIN)/python requirements/run.lock
	@test -e $(DEV) || $(BIN)/uv pip install --quiet --no-deps --no-build-isolation --python $(BIN)/python --editable .
	@touch $@

$(DEV): .venv/.bootstrap requirements/dev.lock pyproject.toml
	@$(BIN)/uv pip sync --quiet --compile-bytecode --require-hashes --python $(BIN)/python requirements/dev.lock
	@$(BIN)/uv pip install --quiet --no-deps --no-build-isolation --python $(BIN)/python --editable .
	@touch $(RUN) $@

$(ASSETS): package-lock.json scripts/copy_assets.py | $(RUN)
	@command -v npm >/dev/null || $(BIN)/uv pip install --quiet --require-hashes --python $(BIN)/python -r requirements/node.lock
	@PATH="$(CURDIR)/$(BIN):$$PATH" npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
	@$(BIN)/python scripts/copy_assets.py
	@touch $@

$(PROVIDER): tests/provider/package-lock.json | $(ASSETS)
	@PATH="$(CURDIR)/$(BIN):$$PATH" npm --prefix tests/provider ci --ignore-scripts --no-audit --no-fund --loglevel=error
	@touch $@

$(MESSAGES): translations/en/LC_MESSAGES/messages.po | $(RUN)
	@$(BIN)/pybabel -q compile -d translations

$(READY): $(RUN) $(wildcard migrations/versions/*.py) $(wildcard examples/*.yaml)
	@mkdir -p $(@D)
	@$(BIN)/jalon migrate
	@$(BIN)/jalon demo > $@

.PHONY: help run test lint format fuzz fuzz-ranking fuzz-contents fuzz-readers bench sbom security migrate lock i18n clean
