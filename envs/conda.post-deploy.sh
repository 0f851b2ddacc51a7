#!/bin/sh
# Snakemake runs this in its working directory, the project's folder, after making the environment. It makes a
# new one when this file changes, and `make lock` writes the lock's checksum here.
# lock: 6e323c0c2cd450e382b449665cec4c554ad3d9f83c8752ab684f06fce2642cc6
set -e
test -f pyproject.toml || { echo "run snakemake from the project's folder to install its library"; exit 1; }
pip install --require-hashes -r envs/lock.txt
pip install --no-deps --no-build-isolation -e .
