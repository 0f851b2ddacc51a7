#!/bin/sh
# Snakemake runs this in its working directory, the project's folder, after making the environment. It makes a
# new one when this file changes, and `make lock` writes the lock's checksum here.
# lock: 25a35e88150976e859c5b351bb371f05682c87fcbea4ee7c8c1319ee7a0a387d
set -e
test -f pyproject.toml || { echo "run snakemake from the project's folder to install its library"; exit 1; }
pip install --require-hashes -r envs/lock.txt
pip install --no-deps --no-build-isolation -e .
