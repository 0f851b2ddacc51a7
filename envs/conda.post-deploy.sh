#!/bin/sh
# Snakemake runs this in its working directory, the project's folder, after making the environment. It makes a
# new one when this file changes, and `make lock` writes the lock's checksum here.
# lock: 3298d8895512f877375f04eebc9d34c172ec63166e7d0ff1aa839006c3c9a85c
set -e
test -f pyproject.toml || { echo "run snakemake from the project's folder to install its library"; exit 1; }
pip install --require-hashes -r envs/lock.txt
pip install --no-deps --no-build-isolation -e .
