# Registrar: `make run` is all that a first start needs. `make help` lists the rest.

PYTHON := $(shell for p in python3.11 python3.12 python3.13 python3.14 python3; do \
	"$$p" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo "$$p"; break; }; done)
BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check -qq
WORKERS ?= 3
EXAMPLES ?= 300
# Every process would compile the application anew: seconds at each start, minutes in the tests.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help run test faults fuzz lint types bench bench-peers bench-admissions bench-allocation bench-records bench-oneroster translations lock setup setup-dev clean
.DEFAULT_GOAL := help

help:  ## List what can be made
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-17s %s\n", $$1, $$2 }' Makefile

run: .venv/.runtime  ## Install what is missing, then start everything on port 8080 (PORT=... to change)
	@exec $(BIN)/registrar run

test: .venv/.dev  ## Run the tests (ARGS="-k name" to choose)
	$(BIN)/pytest -n $(WORKERS) --dist worksteal $(ARGS)

faults: .venv/.dev  ## Kill the supervisor, schedulers and workers, and routines at each statement; races in either order
	$(BIN)/pytest -n $(WORKERS) -m fault $(ARGS)
	RACE_LATE=first $(BIN)/pytest -n $(WORKERS) --dist worksteal tests/concurrency $(ARGS)
	RACE_LATE=last $(BIN)/pytest -n $(WORKERS) --dist worksteal tests/concurrency $(ARGS)

fuzz: .venv/.dev  ## Send each operation of the API hundreds of made-up requests (EXAMPLES=300), all properties new examples
	FUZZ_EXAMPLES=$(EXAMPLES) $(BIN)/pytest -n $(WORKERS) --dist worksteal -p schemathesis -m "fuzz or not fuzz" \
		tests/api/test_fuzz.py tests/api/test_schemathesis.py $(ARGS)
	FUZZ_EXAMPLES=$(EXAMPLES) $(BIN)/pytest -n $(WORKERS) --dist worksteal -m hypothesis $(ARGS)

lint: .venv/.dev  ## Check style with ruff
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: .venv/.dev  ## Check types with mypy
	$(BIN)/mypy

bench: .venv/.dev  ## Measure speed with a million leads
	$(BIN)/python -m bench $(ARGS)

bench-records: .venv/.dev  ## Measure students brought in with all their records (ARGS="--students 100000")
	$(BIN)/python -m bench.records $(ARGS)

bench-peers: .venv/.dev  ## Measure two general admins of other frameworks on the same leads
	$(BIN)/python -m bench.peers

bench-admissions: .venv/.dev  ## Measure admissions, and the classroom of a large school (ARGS="--admissions 200000")
	$(BIN)/python -m bench.admissions $(ARGS)

bench-allocation: .venv/.dev  ## Measure seats for 100,000 students, and by hand (ARGS="--only optimum")
	$(BIN)/python -m bench.allocation $(ARGS)

bench-oneroster: .venv/.dev  ## Measure OneRoster: bundles out and in, and the roster service, with 100,000 students
	$(BIN)/python -m bench.oneroster $(ARGS)
	$(BIN)/python -m bench.oneroster_import $(ARGS)

translations: .venv/.runtime  ## Bring the translations in step with the code and compile them
	@mkdir -p build
	cd app && ../$(BIN)/pybabel -q extract -F ../pyproject.toml -k _l -k _ -k ngettext:1,2 -k lazy_ngettext:1,2 \
		--no-location --sort-output --omit-header -o ../build/messages.pot .
	$(BIN)/pybabel -q update -i build/messages.pot -d app/translations --no-fuzzy-matching --ignore-obsolete --width 120 \
		--ignore-pot-creation-date
	$(BIN)/pybabel compile -d app/translations --statistics

setup: .venv/.runtime  ## Create .venv with what is needed to run

setup-dev: .venv/.dev  ## Create .venv with what is needed to develop

lock: .venv/.dev  ## Rebuild both lock files from pyproject.toml (ARGS=--upgrade for newer versions)
	$(LOCK) --extra build --output-file requirements.lock $(ARGS)
	$(LOCK) --extra build --extra dev --constraint requirements.lock --output-file requirements-dev.lock $(ARGS)

LOCK = $(BIN)/uv pip compile pyproject.toml --quiet --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-annotate --custom-compile-command "make lock"

clean:  ## Remove the environment and caches; the data under instance/ stays
	rm -rf .venv build .pytest_cache .mypy_cache .ruff_cache .hypothesis *.egg-info
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# The environment. A stamp remembers what was installed, so that the second start is quick.
# The editable install is part of the stamp; --no-build-isolation uses the locked setuptools.
.venv/.runtime: requirements.lock pyproject.toml | .venv/.created
	@echo "Installing Registrar (once; takes about a minute) ..."
	@$(PIP) install --require-hashes -r requirements.lock
	@$(PIP) install --no-deps --no-build-isolation -e .
	@touch $@

.venv/.dev: requirements-dev.lock .venv/.runtime
	@echo "Installing the development tools ..."
	@$(PIP) install --require-hashes -r requirements-dev.lock
	@touch $@

.venv/.created:
	@test -n "$(PYTHON)" || { echo "Registrar needs Python 3.11 or newer; none was found on the PATH." >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
		echo "$(PYTHON) lacks the venv module. On Debian or Ubuntu: apt-get install python3-venv" >&2; exit 1; }
	@$(PYTHON) -m venv --clear .venv
	@touch $@
