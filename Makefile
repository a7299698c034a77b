# What a person types. `make help` lists it.
SHELL := /bin/sh
VENV := .venv
PYTHON ?= python3
BIN := $(VENV)/bin
RUN := $(VENV)/.installed
DEV := $(VENV)/.installed-dev
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.DEFAULT_GOAL := help
.PHONY: help build run demo upgrade test lint audit format browser mailservers test-debian13 bench load soak rights translate lock packages

help: ## this list
	@grep -E '^[a-z0-9-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z0-9-]+):.*## /  make \1|/' | column -t -s '|'

build: $(RUN) ## the program alone, as .venv/bin/webmailadmin

run: $(RUN) ## the panel at http://127.0.0.1:8025 (PORT, WEBMAILADMIN_DATA)
	@exec $(BIN)/webmailadmin run --first-account

demo: $(RUN) ## the panel over 300 addresses, with real Postfix and Dovecot (root)
	@exec $(BIN)/webmailadmin demo

upgrade: $(RUN) ## after a git pull: libraries, backup, database, restart (root; docs/upgrade.md)
	@$(BIN)/webmailadmin upgrade

test: packages $(DEV) lint ## linters and all tests but those of Debian 13 (root, for Postfix and Dovecot)
	@wrong=0; \
	$(BIN)/pytest -n 3 --durations=15 --ignore=tests/mail --ignore-glob='*_2_4.py' || wrong=1; \
	$(BIN)/pytest -n 3 --durations=15 --cov --cov-report= tests/mail || wrong=1; \
	$(BIN)/coverage report --include='webmailadmin/mail/*' --fail-under=95 || wrong=1; \
	exit $$wrong

lint: $(DEV) ## ruff, mypy, djlint, the import contracts
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/djlint --quiet --lint templates
	@$(BIN)/lint-imports --no-cache

audit: $(DEV) ## bandit, statements, licences, and known holes of the libraries (needs a network)
	@$(BIN)/pytest -q -n 0 tests/test_audit.py
	@$(BIN)/python -m tests.libraries

format: $(DEV) ## bring the code into its form
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

browser: packages $(DEV) ## only the tests in Chromium
	@$(BIN)/pytest tests/browser

mailservers: packages $(DEV) ## only the tests with Postfix and Dovecot
	@$(BIN)/pytest tests/mailservers

test-debian13: packages $(DEV) ## the mail servers of Debian 13 (Dovecot 2.4) and their set-up, in a folder (root, minutes)
	@$(BIN)/pytest tests/install/on_debian_13.py tests/mailservers/*_2_4.py

bench: $(DEV) ## measure, and write docs/performance.md
	@$(BIN)/python -m bench

load: packages $(DEV) ## 50 people click for a minute beside 200 lookups a second (root); writes docs/load.md
	@$(BIN)/python -m bench.load

soak: packages $(DEV) ## 20 minutes of any acts in any order while mail comes in (root)
	@SOAK_SECONDS=1200 $(BIN)/pytest -s tests/mailservers/test_soak.py

rights: $(DEV) ## who may do what: routes that tests/web/rights.toml has not, or docs/security.md from it
	@$(BIN)/python -m tests.web.rights

translate: $(DEV) ## bring new words into the French catalogue, and compile it
	@$(BIN)/pybabel -q extract -F babel.cfg -k N_ -k _l --no-location --sort-output -o $(VENV)/messages.pot .
	@$(BIN)/pybabel -q update -i $(VENV)/messages.pot -d webmailadmin/translations --no-fuzzy-matching --ignore-obsolete
	@sed -i -E '/^"(POT-Creation-Date|PO-Revision-Date|Report-Msgid-Bugs-To|Generated-By)/d' webmailadmin/translations/*/LC_MESSAGES/*.po
	@$(BIN)/pybabel compile -d webmailadmin/translations

lock: $(DEV) ## bring the lock files up to date with pyproject.toml
	@$(BIN)/pip-compile -q --upgrade --generate-hashes --no-strip-extras --build-deps-for=editable --allow-unsafe --no-emit-index-url --no-emit-find-links --no-emit-trusted-host -o requirements.txt pyproject.toml
	@$(BIN)/pip-compile -q --upgrade --extra dev --generate-hashes --no-strip-extras --build-deps-for=editable --allow-unsafe --no-emit-index-url --no-emit-find-links --no-emit-trusted-host -c requirements.txt -o requirements-dev.txt pyproject.toml

packages:
	@tests/packages.sh

$(RUN): requirements.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "webmailadmin needs Python 3.11 or later, and $(PYTHON) is not: make run PYTHON=python3.12" >&2; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV) || { echo "Python cannot make a virtual environment here: apt-get install python3-venv" >&2; exit 1; }
	@$(BIN)/pip install -q --require-hashes -r requirements.txt
	@$(BIN)/pip install -q --no-deps --no-build-isolation -e .
	@touch $@

$(DEV): $(RUN) requirements-dev.txt
	@$(BIN)/pip install -q --require-hashes -r requirements-dev.txt
	@touch $@
