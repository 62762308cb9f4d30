PY ?= .venv/bin/python
FUZZ_SECONDS ?= 60

.PHONY: setup fmt lint types layers test golden cover mutants faults fuzz docs bench check

setup:
	python3 -m venv .venv && .venv/bin/pip install --quiet --editable '.[test,check]'
fmt:
	$(PY) -m ruff check --quiet --fix-only . && $(PY) -m ruff format .
lint:
	$(PY) -m ruff check . && $(PY) -m ruff format --check .
types:
	$(PY) -m mypy
layers:
	$(PY) -c 'from importlinter.cli import lint_imports_command as run; run()'
test:
	$(PY) -m pytest -q -n auto
golden:
	RECONCILER_REWRITE_GOLDEN=1 $(PY) -m pytest -q tests/golden tests/hostile/test_yaml_suite.py
cover:
	$(PY) -m coverage erase && $(PY) -m coverage run -m pytest -q -n auto && $(PY) -m coverage combine --quiet
	$(PY) -m coverage report && $(PY) -m tools.coverage_gaps
mutants:
	$(PY) -m tools.mutants
faults:
	$(PY) -m tools.faults --processes 2 --write
fuzz:
	$(PY) -m pip install --quiet --editable '.[fuzz]'
	HYPOTHESIS_PROFILE=thorough $(PY) -m pytest -q -n auto tests/hostile
	$(PY) -m tools.fuzz --seconds $(FUZZ_SECONDS)
docs:
	$(PY) -m tools.reference
bench:
	$(PY) -m pip install --quiet --editable '.[bench]' && $(PY) -m benchmarks
check:
	.ci/run
