# Two commands are enough: `make lab` opens the notebooks, `make test` runs the tests.
# Both need python3 (3.11 or newer, with venv) and make; another Python is named with, say, `make test PYTHON=python3.12`.

PYTHON ?= python3
VENV := .venv
RUN := $(VENV)/bin/python
STAMP := $(VENV)/.installed
INTEROP := $(VENV)/.interop
SITE := $(VENV)-site

# JupyterLab refuses to start for the root user (a container, say) unless it is told to.
AS_ROOT := $(if $(filter 0,$(shell id -u)),--allow-root)

.PHONY: help lab test test-all browser notebooks figures trained bench mutants html site format clean
.DEFAULT_GOAL := help

help:
	@echo "make lab        open chapter 00 in JupyterLab"
	@echo "make test       check the style and test the library and the notebooks of chapters 00 to 09 (four minutes on two cores)"
	@echo "make test-all   test everything: also load, faults, malicious files and, where installed, PyTorch, Sphinx and a browser"
	@echo "make mutants    mutation testing: change cnn_core in 300 places and count the changes that the tests notice (an hour)"
	@echo "make browser    test every widget of the notebooks in a real browser (needs Chromium; twenty minutes)"
	@echo "make notebooks  run the notebooks and store their outputs (NOTEBOOKS='a.ipynb b.ipynb' selects some)"
	@echo "make figures    draw the pictures in imgs/"
	@echo "make trained    train the models in cnn_core/data/trained/ and what chapters 07, 08, 11 and 12 compare again, and write the records"
	@echo "make bench      compare the speed with PyTorch and plain NumPy, and write README's table (a quarter of an hour; needs PyTorch)"
	@echo "make html       build the series as static pages from the stored outputs: build/html/index.html"
	@echo "make site       build the website: those pages with widgets that move without Python: build/site/index.html (a quarter of an hour)"
	@echo "make format     format the code"
	@echo "make clean      remove $(VENV), $(SITE) and every cache"

# The repository is the root, not notebooks/: otherwise the pictures in imgs/ could not be served.
# docs/lab/ has default settings: JupyterLab neither asks about news nor looks for updates. README has the same command.
lab: $(INTEROP)
	@$(RUN) -m jupyterlab --ServerApp.root_dir=. --LabApp.app_settings_dir=docs/lab --LabApp.default_url=/lab/tree/notebooks/00_the_whole_network.ipynb $(AS_ROOT)

# A notebook is one kernel, so a file stays on one worker; files start in the order of pyproject.toml, the longest first.
test: $(STAMP)
	$(RUN) -m ruff check .
	$(RUN) -m ruff format --check .
	$(RUN) -m pytest -m "not slow" -n auto --dist loadfile --no-loadscope-reorder

# One test at a time: some measure memory, time signals or use a browser.
test-all: test $(INTEROP)
	$(RUN) -m pytest -m slow

browser: $(STAMP)
	@$(RUN) -m pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[browser]"
	CNN_REQUIRE_BROWSER=1 CNN_BROWSER_NOTEBOOKS=all $(RUN) -m pytest tests/browser

notebooks: $(STAMP)
	@$(RUN) tools/run_notebooks.py $(NOTEBOOKS)

figures: $(STAMP)
	@$(RUN) imgs/make_figures.py

trained: $(STAMP)
	@$(RUN) tools/train_model.py
	@$(RUN) tools/train_optimisers.py
	@$(RUN) tools/train_choices.py
	@$(RUN) tools/train_museum.py
	@$(RUN) tools/train_deeper.py --again

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

# An environment of its own: the laboratory needs an older JupyterLab than the notebooks (site/constraints.txt).
site: $(SITE)/.installed
	@$(SITE)/bin/python site/build.py
	@echo "Open build/site/index.html in a browser."

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

$(INTEROP): $(STAMP)
	@$(RUN) -m pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[interop]"
	@touch $@

$(SITE)/.installed: pyproject.toml site/constraints.txt
	@echo "Installing into $(SITE) ..."
	@$(PYTHON) -m venv --clear $(SITE)
	@$(SITE)/bin/python -m pip install --quiet --disable-pip-version-check -c site/constraints.txt -e ".[notebooks,fast,interop,pages,site]"
	@touch $@

clean:
	rm -rf $(VENV) $(SITE) *.egg-info build dist .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -prune -exec rm -rf {} + -o -name .ipynb_checkpoints -prune -exec rm -rf {} +
