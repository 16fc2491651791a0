# `make demo` shows it, `make test` tests it. Both start from a clean clone with python3 (3.11 or newer) and make.

BIN := .venv/bin
TYPED := domain projections proofs service $(wildcard bench)
unexport VIRTUAL_ENV
.NOTPARALLEL:
.PHONY: help demo test check static lock lint-format lint types layers lint-docker format docs wheel bench coverage mutants clean .venv apt

help: ## Say what there is to make
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' Makefile | expand -t 14

demo: .venv ## Run the service with an example story: ARGS="..." is passed on
	$(BIN)/onrecord demo $(ARGS)

test: .venv apt ## Run the tests: ARGS="-k claims" is passed on to pytest
	$(BIN)/pytest -n 2 $(ARGS)

check: static test ## Everything that a change must pass

static: lock lint-format lint types layers lint-docker ## The checks that run no code

lock: .venv
	.tools/bin/uv lock --check --quiet

lint-format: .venv
	$(BIN)/ruff format --check .

lint: .venv
	$(BIN)/ruff check .

types: .venv
	$(BIN)/mypy --strict $(TYPED)

layers: .venv
	$(BIN)/lint-imports --no-logo

lint-docker: .venv
	$(BIN)/hadolint --failure-threshold style Dockerfile

format: .venv ## Put the code in the house's form
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

wheel: .venv ## Build the wheel, and see that it works where it is installed, outside the checkout
	tools/check-wheel

docs: .venv ## Write anew what is generated: pages, parts of pages, and the examples of the API
	$(BIN)/python -m domain.catalogue > docs/events.md.new
	mv docs/events.md.new docs/events.md
	$(BIN)/python -m domain.catalogue rules > docs/rules.md.new
	mv docs/rules.md.new docs/rules.md
	$(BIN)/python -m service.cli.manual docs/operations.md > docs/operations.md.new
	mv docs/operations.md.new docs/operations.md
	$(BIN)/python -m tests.answers > service/api/answers.json.new
	mv service/api/answers.json.new service/api/answers.json

bench: .venv ## Measure: ARGS="..." is passed on
	UV_PROJECT_ENVIRONMENT=.venv UV_PYTHON_DOWNLOADS=never .tools/bin/uv sync --frozen --quiet --group bench --group node
	$(BIN)/python -m bench $(ARGS)

coverage: .venv apt ## Say which lines and branches no test reaches
	$(BIN)/coverage run -m pytest $(ARGS)
	$(BIN)/coverage combine --quiet
	$(BIN)/coverage report

mutants: .venv ## Mutate the rules, and name the mutants that no test noticed
	$(BIN)/mutmut run
	$(BIN)/mutmut results

clean: ## Remove everything that a build or a check made; data stays
	rm -rf .venv .tools .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache mutants .coverage .coverage.*

.venv:
	@tools/bootstrap

apt:
	@tools/system-packages
