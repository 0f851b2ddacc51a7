#!/bin/sh
# Snakemake runs this in its working directory, the project's folder, after making the environment. It makes a
# new one when this file changes, and `make lock` writes the lock's checksum here.
# lock: b2e0cb63f43058246841611e1da328679be6a1959d26d8daf6617a78f26934f1
set -e
test -f pyproject.toml || { echo "run snakemake from the project's folder to install its library"; exit 1; }
pip install --require-hashes -r envs/lock.txt
pip install --no-deps --no-build-isolation -e .
