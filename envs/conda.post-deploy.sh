#!/bin/sh
# Snakemake runs this in its working directory, the project's folder, after making the environment. It makes a
# new one when this file changes, and `make lock` writes the lock's checksum here.
# lock: 8b005e34d1efa5f57ea7c26d159e6d65d74d718cfb94fc311e38006f400c4f0d
set -e
test -f pyproject.toml || { echo "run snakemake from the project's folder to install its library"; exit 1; }
pip install --require-hashes -r envs/lock.txt
pip install --no-deps --no-build-isolation -e .
