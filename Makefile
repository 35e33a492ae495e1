# make demo   set up, then the whole pipeline on the embedded synthetic shop, and one search over HTTP (no hub, no GPU)
# make serve  the demo's search endpoint and its page, until Ctrl-C
# make test   set up, then the tests
# make check  set up, then lint, format, types and the layer contract

PYTHON ?= python3
BIN := .venv/bin

.PHONY: demo serve test check format clean

demo: .venv/.installed
	$(BIN)/distilrank run configs/demo.yaml
	$(BIN)/distilrank export runs/demo
	$(BIN)/distilrank serve runs/demo --once --set serve.deadline_ms=0

serve: .venv/.installed
	@test -f runs/demo/student/export/manifest.json || $(MAKE) demo
	$(BIN)/distilrank serve runs/demo

test: .venv/.installed-dev .venv/elastic-schema.json
	$(BIN)/python -m pytest

check: .venv/.installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: .venv/.installed-dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean:
	rm -rf .venv runs

# Constraints pin every version that was tested; pyproject.toml keeps the honest ranges.
.venv/.installed: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "distilrank needs Python 3.11 or later: make PYTHON=python3.11 $(MAKECMDGOALS)"; exit 1; }
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[cpu,serve]'
	touch $@

# Elasticsearch's own description of its API, which what we send is tested against; without it those tests are skipped.
.venv/elastic-schema.json: .venv/.installed-dev
	$(BIN)/python tests/elastic_api/fetch.py $@

.venv/.installed-dev: .venv/.installed
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[cpu,serve,dev]'
	touch $@
