PYTHON ?= python3
VENV ?= .venv
EXTRAS ?= dev

.PHONY: test install clean

# Everything that must hold: lint, types, the direction of imports, tests.
test: install
	PATH="$(abspath $(VENV))/bin:$$PATH" scripts/check

# constraints.txt pins what a known good set was; pyproject.toml says what is allowed.
install: $(VENV)/installed-$(EXTRAS)

$(VENV)/installed-$(EXTRAS): pyproject.toml constraints.txt
	test -x $(VENV)/bin/python || $(PYTHON) -m venv $(VENV)
	$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[$(EXTRAS)]'
	touch $@

clean:
	rm -rf $(VENV) .mypy_cache .pytest_cache .ruff_cache .import_linter_cache
