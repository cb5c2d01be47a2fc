# Two commands do everything: `make lab` opens the notebooks, `make test` runs every test.
# Both need python3 (3.11 or newer, with venv) and make; another Python is named with, say, `make test PYTHON=python3.12`.

PYTHON ?= python3
VENV := .venv
RUN := $(VENV)/bin/python
STAMP := $(VENV)/.installed

# JupyterLab refuses to start for the root user (a container, say) unless it is told to.
AS_ROOT := $(if $(filter 0,$(shell id -u)),--allow-root)

.PHONY: help lab test browser notebooks figures trained bench mutants html format clean
.DEFAULT_GOAL := help

help:
	@echo "make lab        open the notebooks in JupyterLab"
	@echo "make test       check the style and run every test, the notebooks too"
	@echo "make browser    use every widget of the notebooks in a real browser (needs Chromium; twenty minutes)"
	@echo "make notebooks  run the notebooks and store what they show (NOTEBOOKS='a.ipynb b.ipynb' for some of them)"
	@echo "make figures    draw the pictures in imgs/"
	@echo "make trained    train the kept model in notebooks/trained/, and write the record of it"
	@echo "make bench      race against PyTorch and plain NumPy, and write the table in README (ten minutes; needs PyTorch)"
	@echo "make mutants    count the small changes to cnn_core that its tests notice (an hour): build/mutants.txt"
	@echo "make html       build the series as a static page from what the notebooks show: build/html/index.html"
	@echo "make format     put the code into the house's style"
	@echo "make clean      remove $(VENV) and every cache"

# The repository is the root, not notebooks/: otherwise the pictures in imgs/ could not be served.
lab: $(STAMP)
	@$(RUN) -m jupyterlab --ServerApp.root_dir=. --LabApp.default_url=/lab/tree/notebooks/08_model.ipynb $(AS_ROOT)

test: $(STAMP)
	$(RUN) -m ruff check .
	$(RUN) -m ruff format --check .
	$(RUN) -m pytest

browser: $(STAMP)
	@$(RUN) -m pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[browser]"
	CNN_REQUIRE_BROWSER=1 CNN_BROWSER_NOTEBOOKS=all $(RUN) -m pytest tests/browser

notebooks: $(STAMP)
	@$(RUN) tools/run_notebooks.py $(NOTEBOOKS)

figures: $(STAMP)
	@$(RUN) imgs/make_figures.py

trained: $(STAMP)
	@$(RUN) tools/train_model.py

bench: $(STAMP)
	@$(RUN) -m pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[bench]"
	@$(RUN) -m benchmarks.run

# MUTANTS='--count 30 --jobs 2' is handed on to the script.
mutants: $(STAMP)
	@$(RUN) -m pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[mutants]"
	@$(RUN) tools/mutants.py $(MUTANTS)

html: $(STAMP)
	@$(RUN) -m pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[pages]"
	@$(RUN) -m sphinx --quiet --fail-on-warning --fresh-env --builder html --conf-dir docs notebooks build/html
	@echo "Open build/html/index.html in a browser."

format: $(STAMP)
	$(RUN) -m ruff check --fix .
	$(RUN) -m ruff format .

# A half-made environment (an interrupted first call) has no working pip: it is made anew. The stamp is written last.
$(STAMP): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed, this is " + sys.version.split()[0] + ". Name another one: make PYTHON=python3.12 ...")'
	@$(RUN) -m pip --version >/dev/null 2>&1 || { echo "Making $(VENV) ..."; $(PYTHON) -m venv --clear $(VENV); }
	@echo "Installing into $(VENV) ..."
	@$(RUN) -m pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[notebooks,fast,test]"
	@touch $@

clean:
	rm -rf $(VENV) *.egg-info build dist .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -prune -exec rm -rf {} + -o -name .ipynb_checkpoints -prune -exec rm -rf {} +
