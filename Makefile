# `make` lists what there is.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
SOURCES := pyproject.toml constraints.txt

# Some images set it: then each of the hundred processes that tests start would compile the frameworks anew, for half a minute.
unexport PYTHONDONTWRITEBYTECODE

# On both cores; tests that share what a machine has once, as a cluster, go to one process (`xdist_group`).
TESTS = OMP_NUM_THREADS=1 $(BIN)/python -m pytest -q -n 2 --dist loadgroup

# Keras's own tests with our EarlyStopping in the place of theirs, from the installed wheel.
KERAS_OWN = for backend in torch jax tensorflow; do \
		KERAS_BACKEND=$$backend $(BIN)/python -m pytest -q -p tests.conformance.keras_in_place -W ignore \
			--pyargs keras.src.callbacks.early_stopping_test || exit 1; \
	done

# What is tested on each backend of Keras.
ON_KERAS = tests/test_keras.py tests/test_keras_probe.py tests/test_keras_act.py tests/test_keras_data_check.py tests/faults/test_keras_*.py

.DEFAULT_GOAL := help
.PHONY: help demo test conformance defects torture docs combinations lint bench diagnosis advice datacheck probe act forecast \
	tuning workload record fit pictures gallery wheel compat audit clean

help:  ## list the targets
	@grep -E '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## (.*)/  make \1\t\2/' | expand -t 18

demo: $(VENV)/demo  ## train five situations in Lightning and Keras, and show the verdict of each (2 minutes)
	$(BIN)/python -m demo

test: $(VENV)/dev lint  ## run everything: style, types, all tests, Keras on its three backends (25 minutes)
	NO_SKIPS=1 $(TESTS) tests/core --cov=convergence_callbacks.core --cov-report=term --cov-fail-under=95
	NO_SKIPS=1 KERAS_BACKEND=torch $(TESTS) --ignore tests/core
	NO_SKIPS=1 KERAS_BACKEND=jax $(TESTS) $(ON_KERAS)
	NO_SKIPS=1 KERAS_BACKEND=tensorflow $(TESTS) $(ON_KERAS)
	$(KERAS_OWN)

# LIGHTNING_CHECKOUT=path runs the tests of a checkout of Lightning too, of the release that is installed.
conformance: $(VENV)/dev  ## EarlyStopping decides as the frameworks' own: our cases, and Keras's tests (1 minute)
	$(BIN)/python -m pytest -q -n 2 tests/conformance
	$(KERAS_OWN)
ifdef LIGHTNING_CHECKOUT
	PYTHONPATH=.:$(LIGHTNING_CHECKOUT)/tests $(BIN)/python -m pytest -q -p tests.conformance.lightning_in_place \
		-c $(LIGHTNING_CHECKOUT)/pyproject.toml $(LIGHTNING_CHECKOUT)/tests/tests_pytorch/callbacks/test_early_stopping.py
endif

defects: $(VENV)/dev  ## try the known defects of the frameworks' own callbacks, and write docs/defects.md (1 minute)
	$(BIN)/python -m tests.defects.table

# make torture SECONDS=60 SEEDS="7 8"
torture: $(VENV)/dev  ## hostile values, kills, damaged files, answers and requests, for ten minutes (SECONDS=, SEEDS=)
	$(BIN)/python -m tests.torture $(or $(SECONDS),600) $(SEEDS)

docs: $(VENV)/docs  ## build the site of the docs into site/, strictly (1 minute)
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --strict

combinations: $(VENV)/dev  ## train in several processes, on several devices, and write docs/combinations.md (2 minutes)
	rm -f docs/combinations.md
	COMBINATIONS=1 $(BIN)/python -m pytest -q tests/processes

lint: $(VENV)/dev  ## check style and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

# HISTORIES="one.npz other.npz" names public histories that are judged as well, each project counted alike.
bench: $(VENV)/bench  ## compare the rules on recorded trainings of data sets that nothing was fitted to (5 minutes)
	OMP_NUM_THREADS=1 $(BIN)/python -m benchmarks.measure.bench $(HISTORIES)

diagnosis: $(VENV)/bench  ## how often the verdicts are right, on data sets left out of the fit (10 minutes)
	OMP_NUM_THREADS=1 $(BIN)/python -m benchmarks.measure.diagnosis

advice: $(VENV)/record  ## how often the advised learning rate helps, on held-out trainings (5 minutes)
	OMP_NUM_THREADS=1 $(BIN)/python -m benchmarks.measure.advice

datacheck: $(VENV)/record  ## plant faults in data and gradients, and see which are found and what is accused (5 minutes)
	OMP_NUM_THREADS=1 $(BIN)/python -m benchmarks.measure.data_check

probe: $(VENV)/record  ## what probes, and a rate that is raised, are worth on held-out trainings (5 minutes)
	OMP_NUM_THREADS=1 $(BIN)/python -m benchmarks.measure.probe

act: $(VENV)/record  ## what acting on verdicts is worth beside plateau schedules and early stopping (15 minutes)
	OMP_NUM_THREADS=1 $(BIN)/python -m benchmarks.measure.act

forecast: $(VENV)/bench  ## how often the forecast's intervals hold, on data sets that nothing was fitted to (3 minutes)
	OMP_NUM_THREADS=1 $(BIN)/python -m benchmarks.measure.forecast

tuning: $(VENV)/dev  ## what stopping trials by their own curves saves in a search, on held-out trainings (5 minutes)
	OMP_NUM_THREADS=1 $(BIN)/python -m benchmarks.measure.tuning

workload: $(VENV)/bench  ## compare ten rules on a thousand logs, and what ten thousand take (2 minutes)
	OMP_NUM_THREADS=1 $(BIN)/python -m benchmarks.measure.workload

record: $(VENV)/record  ## record the trainings that are missing, stopping none (hours; goes on where it was stopped)
	$(BIN)/python -m benchmarks.record

# HISTORIES="one.npz other.npz" names public histories that are fitted to as well, each project counted alike.
fit: $(VENV)/record  ## fit the models that ship with the package to the recorded trainings (an hour)
	OMP_NUM_THREADS=1 $(BIN)/python -m benchmarks.fit $(HISTORIES)

pictures: $(VENV)/demo  ## draw the pictures of README and docs again
	$(BIN)/python -m demo
	cp demo-output/lightning-*.png demo-output/stops.json docs/pictures/
	$(BIN)/python -m docs.generate

gallery: $(VENV)/bench  ## draw one recorded run for each verdict and each trap, and write the page (2 minutes)
	OMP_NUM_THREADS=1 $(BIN)/python -m benchmarks.measure.gallery

wheel:  ## build the package, check it, and run it where nothing else is installed (2 minutes)
	PYTHON=$(PYTHON) .ci/wheel

compat:  ## test the integrations with the oldest versions of the frameworks, and with other Pythons (half an hour)
	PYTHON=$(PYTHON) .ci/compat

audit:  ## ask whether a dependency has a known weakness
	PYTHON=$(PYTHON) .ci/audit

clean:  ## remove all that was made
	rm -rf $(VENV) .venv-* site demo-output benchmark-output/*.md benchmark-output/*.png dist .coverage .mypy_cache .pytest_cache .ruff_cache .hypothesis

# pip, not uv: uv would take torch with CUDA, 3 GB.
$(VENV)/demo $(VENV)/dev $(VENV)/docs $(VENV)/bench $(VENV)/record: $(VENV)/%: $(SOURCES)
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --no-compile --disable-pip-version-check -c constraints.txt -e ".[$*]"
	touch $@
