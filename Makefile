PYTHON ?= python3
VENV ?= .venv
EXTRAS ?= bytetrack,compile,deploy,dev,foxglove,openvino,otel,postgres,qualify,record,report,statistics,world

# These oracles ask for opencv-python, which overwrites opencv-python-headless; they work without.
ORACLES = trackeval==1.3.0 vcd==6.0.3

.PHONY: demo quick test long bench install clean

# See it alive: four cameras at a drawn crossing, under a minute of drive, nothing to download but packages.
demo:
	$(MAKE) --no-print-directory install EXTRAS=report
	$(VENV)/bin/gilmok demo

# Under a minute: everything that must hold but the tests marked slow.
quick: install
	PATH="$(abspath $(VENV))/bin:$$PATH" scripts/check -m 'not slow'

# Everything that must hold from one commit to the next: lint, types, the direction of imports, tests.
test: install
	PATH="$(abspath $(VENV))/bin:$$PATH" scripts/check

# What takes long by its nature: whole recordings on every backend, drives in real time, random worlds by the hundred.
long: install
	PATH="$(abspath $(VENV))/bin:$$PATH" scripts/tests -m long

# How fast it is, as ratios in one run: bench/results.json and the table of bench/README.md. QUICK=1: five minutes.
bench: install
	$(VENV)/bin/python -P -m bench.instrument $(if $(QUICK),--quick)

# constraints.txt pins what a known good set was; pyproject.toml says what is allowed.
install: $(VENV)/installed-$(EXTRAS)

$(VENV)/installed-$(EXTRAS): pyproject.toml constraints.txt
	test -x $(VENV)/bin/python || $(PYTHON) -m venv $(VENV)
	$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[$(EXTRAS)]'
	case ",$(EXTRAS)," in *,dev,*) $(VENV)/bin/python -m pip install --quiet --disable-pip-version-check --no-deps $(ORACLES) ;; esac
	touch $@

clean:
	rm -rf $(VENV) .mypy_cache .pytest_cache .ruff_cache .import_linter_cache
