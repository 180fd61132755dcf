# Everything runs through one virtual environment, .venv, built from the locked requirements.
PYTHON ?= python3
BIN := .venv/bin
RUNTIME := .venv/.runtime
DEV := .venv/.dev
PIP := $(BIN)/pip --disable-pip-version-check

.DEFAULT_GOAL := help
.PHONY: help demo up test check format bench kafka kafka-stop postgres postgres-stop lock clean

help:  ## what there is to make
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/' | expand -t 16

.venv/bin/python:
	$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or later is needed, this is " + sys.version.split()[0]) if sys.version_info < (3, 11) else None'
	$(PYTHON) -m venv .venv

$(RUNTIME): .venv/bin/python requirements/runtime.txt pyproject.toml
	$(PIP) install --quiet --require-hashes -r requirements/runtime.txt
	$(PIP) install --quiet --no-deps --editable .
	@touch $@

$(DEV): $(RUNTIME) requirements/dev.txt
	$(PIP) install --quiet --require-hashes -r requirements/dev.txt
	@touch $@

demo: $(RUNTIME)  ## run the headline scenario, every role played by the harness
	$(BIN)/dipemu run SITFTS0020-Smart-Single

up: $(RUNTIME)  ## start the gateway and all its counterparties on 127.0.0.1:8080
	$(BIN)/dipemu up

test: $(DEV) kafka postgres  ## every test, on real parts
	deploy/browser.sh
	$(BIN)/pytest -q --durations=10 tests/chaos  # first and alone: what breaks and is timed there has the machine to itself
	$(BIN)/pytest -q --durations=40 -n 2 --dist loadfile --ignore tests/chaos

check: $(DEV)  ## format, lint, types, rooms
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(DEV)  ## put the code in shape
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: $(DEV)  ## measure, with a yardstick in the same run
	$(BIN)/python -m tests.bench

kafka:  ## start Apache Kafka on loopback (no Docker needed)
	deploy/kafka/kafka.sh start

kafka-stop:
	deploy/kafka/kafka.sh stop

postgres:  ## start PostgreSQL on loopback (no Docker needed)
	deploy/postgres/postgres.sh start

postgres-stop:
	deploy/postgres/postgres.sh stop

lock: $(DEV)  ## renew the locked requirements
	$(BIN)/pip install --quiet pip-tools
	$(BIN)/pip-compile --quiet --extra dev --generate-hashes --no-emit-index-url --no-emit-trusted-host --strip-extras --allow-unsafe -o requirements/dev.txt pyproject.toml
	$(BIN)/pip-compile --quiet --generate-hashes --no-emit-index-url --no-emit-trusted-host --strip-extras --allow-unsafe -c requirements/dev.txt -o requirements/runtime.txt pyproject.toml

clean:
	rm -rf .venv .services dist build .mypy_cache .ruff_cache .pytest_cache
