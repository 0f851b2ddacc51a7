# Two commands: `make demo` and `make test`. Both install what they need into .venv first.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
GRID := $(VENV)/grid/.ready
PYTEST := $(BIN)/python -m pytest -q -n 2 --dist loadfile --no-loadscope-reorder

.PHONY: help demo test check bench lint lock reference docs ship_encoder pictures real-data clean

help:
	@echo "make demo   run the whole workflow on the simulated observatory"
	@echo "make test   all tests (about 45 minutes on 2 cores)"
	@echo "make check  the quick ones (about 2 minutes)"
	@echo "make bench  speed and quality measurements"
	@echo "make docs   the documentation, into build/docs"
	@echo "make ship_encoder   take the encoder that \`snakemake train_encoder\` made as the project's own"
	@echo "make pictures  take the pictures of the README and the docs from the last \`make demo\`"
	@echo "make reference  renew the tables and pictures of the docs that come from schemas, rules and imports"
	@echo "make real-data DATA=../shared/data  renew the page on real data and its figures from runs on them"
	@echo "make lock   renew envs/ from pyproject.toml (needs uv)"

$(READY): envs/lock.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Python 3.11 or newer is needed; this is $$($(PYTHON) --version). Try: make PYTHON=python3.11"; exit 1; }
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	if command -v uv >/dev/null; then \
	  uv pip install --quiet --python $(BIN)/python --require-hashes -r envs/lock.txt && \
	  uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation -e .; \
	else \
	  $(BIN)/python -m pip install --quiet --no-compile --require-hashes -r envs/lock.txt && \
	  $(BIN)/python -m pip install --quiet --no-deps --no-build-isolation -e .; \
	fi
	touch $@

# The executors of grids, where only the tests find them.
$(GRID): envs/grid.txt $(READY)
	$(BIN)/python -m pip install --quiet --no-compile --no-deps --require-hashes --upgrade --target $(@D) -r envs/grid.txt
	touch $@

demo: $(READY)
	$(BIN)/snakemake --cores all

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/snakefmt --check Snakefile rules
	$(BIN)/snakemake --lint
	$(BIN)/codespell

check: lint
	$(PYTEST) -m "not slow and not browser" tests/unit tests/workflow

test: lint $(GRID)
	$(PYTEST) --durations=15

bench: $(READY)
	$(BIN)/python benchmarks/run.py

ship_encoder:
	cp results/encoder/encoder.safetensors resources/encoders/glitch_resnet18.safetensors
	cp results/encoder/model_card.md resources/encoders/glitch_resnet18.md
	printf '\nCode: commit %s.\n' "$$(git rev-parse --short=12 HEAD)" >> resources/encoders/glitch_resnet18.md

pictures:
	cp results/figures/umap_family.png docs/pictures/umap.png
	cp results/figures/cost_ranking.png docs/pictures/cost_ranking.png

docs: $(READY)
	$(BIN)/python -m sphinx -W --keep-going -n -q -b html -c docs . build/docs

reference: $(READY)
	$(BIN)/python -m glitch_explorer.workflow.reference
	$(BIN)/python docs/develop/draw_architecture.py

# The page is committed, since most readers do not have the data; a test compares it with new runs.
DATA ?= ../shared/data
real-data: $(READY)
	for study in triggers drivers; do \
	  mkdir -p build/real-data/$$study && ln -sfn $(abspath $(DATA)) build/real-data/$$study/data && \
	  $(BIN)/snakemake --cores 2 --directory build/real-data/$$study --configfile config/real/$$study.yaml \
	  || exit 1; \
	done
	$(BIN)/python -m docs.real_data build/real-data $(DATA)

lock:
	uv pip compile pyproject.toml --group dev --generate-hashes --universal --python-version 3.11 \
	  --custom-compile-command "make lock" --quiet -o envs/lock.txt
	uv pip compile --group pyproject.toml:grid --no-deps --generate-hashes --universal --python-version 3.11 \
	  --custom-compile-command "make lock" --quiet -o envs/grid.txt
	sed -i "s/^# lock: .*/# lock: $$(sha256sum < envs/lock.txt | cut -d' ' -f1)/" envs/conda.post-deploy.sh

clean:
	rm -rf results .snakemake
