#!/bin/sh
# Snakemake runs this in its working directory, the project's folder, after making the environment.
set -e
test -f pyproject.toml || { echo "run snakemake from the project's folder to install its library"; exit 1; }
pip install --no-deps --no-build-isolation -e .
