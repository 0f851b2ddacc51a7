"""Make one conda environment file a stage, with the versions of the lock.

Run by `make lock`; a test compares what is committed with what this gives.
"""

import re
import sys
from importlib.metadata import requires
from pathlib import Path

from packaging.markers import Marker
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

HERE = Path(__file__).resolve().parent

#: What the jobs of each stage import themselves; all need the tables and the log.
BASE = ["numpy", "pandas", "pyarrow", "tqdm", "setuptools"]
STAGES = {
    "observatory": ["gwpy", "lalsuite", "scipy"],
    "sources": [
        "gwdatafind",
        "gwosc",
        "gwpy",
        "h5py",
        "igwn-ligolw",
        "lalsuite",
        "pooch",
        "requests",
        "tenacity",
    ],
    "catalog": ["gwpy", "h5py", "igwn-ligolw", "pillow", "pyspng", "scipy"],
    "views": [
        "filelock",
        "gwdatafind",
        "gwosc",
        "gwpy",
        "h5py",
        "lalsuite",
        "pillow",
        "pyspng",
        "requests",
        "scipy",
        "tenacity",
        "torch",
    ],
    "embed": ["filelock", "pooch", "requests", "safetensors", "tenacity", "torch", "torchvision"],
    "encoder": [
        "filelock",
        "gwpy",
        "lalsuite",
        "matplotlib",
        "pillow",
        "pyspng",
        "requests",
        "safetensors",
        "scipy",
        "tenacity",
        "torch",
        "torchvision",
    ],
    "map": ["hdbscan", "numba", "pynndescent", "scikit-learn", "scipy", "threadpoolctl", "umap-learn"],
    "audit": ["cleanlab", "scikit-learn", "scipy", "threadpoolctl"],
    "similar": [
        "filelock",
        "gwdatafind",
        "gwosc",
        "gwpy",
        "h5py",
        "igwn-ligolw",
        "lalsuite",
        "numba",
        "pillow",
        "pyspng",
        "requests",
        "safetensors",
        "scipy",
        "tenacity",
        "threadpoolctl",
        "torch",
        "torchvision",
    ],
    "coupling": [
        "filelock",
        "gwdatafind",
        "gwosc",
        "gwpy",
        "h5py",
        "lalsuite",
        "numba",
        "requests",
        "scipy",
        "tenacity",
    ],
    "site": ["jinja2", "lalsuite", "markupsafe", "matplotlib", "numba", "pillow", "plotly", "scipy"],
    "impact": [
        "filelock",
        "gwdatafind",
        "gwosc",
        "gwpy",
        "h5py",
        "igwn-ligolw",
        "lalsuite",
        "numba",
        "requests",
        "scikit-learn",
        "scipy",
        "shap",
        "tenacity",
        "threadpoolctl",
        "xgboost",
    ],
    "validate": ["scikit-learn", "scipy"],
    "evaluate": [
        "filelock",
        "gwpy",
        "h5py",
        "igwn-ligolw",
        "matplotlib",
        "pillow",
        "pyspng",
        "safetensors",
        "scikit-learn",
        "scipy",
        "threadpoolctl",
        "torch",
        "torchvision",
    ],
}
#: What the conda files are for.
PLATFORM = {
    "python_version": "3.11",
    "python_full_version": "3.11.0",
    "sys_platform": "linux",
    "platform_system": "Linux",
    "platform_machine": "x86_64",
}
POST_DEPLOY = """\
#!/bin/sh
# Snakemake runs this in its working directory, the project's folder, after making the environment.
set -e
test -f pyproject.toml || { echo "run snakemake from the project's folder to install its library"; exit 1; }
pip install --no-deps --no-build-isolation -e .
"""


def locked_versions(lock: str) -> dict[str, str]:
    """Give the version of each distribution that the text of the lock has for Python 3.11 on Linux."""
    found = re.findall(r"^([a-z0-9][a-z0-9._-]*)==([^\s;\\]+)(?: ; ([^\\\n]+))?", lock, re.MULTILINE)
    return {
        name: version for name, version, marker in found if not marker or Marker(marker).evaluate(PLATFORM)
    }


def closure(names: list[str], versions: dict[str, str]) -> list[str]:
    """Give `names` and all that they need, as far as the lock holds it."""
    found: set[str] = set()
    todo = list(names)
    while todo:
        name = canonicalize_name(todo.pop())
        if name in found or name not in versions:
            continue
        found.add(name)
        for line in requires(name) or []:
            need = Requirement(line)
            if need.marker is None or need.marker.evaluate({"extra": ""}):
                todo.append(need.name)
    return sorted(found)


def environment(stage: str, versions: dict[str, str]) -> str:
    """Give the text of the conda file of `stage`."""
    pins = "\n".join(f"      - {name}=={versions[name]}" for name in closure(BASE + STAGES[stage], versions))
    return (
        "# Made by envs/make_conda.py from lock.txt; do not edit.\n"
        f"name: glitch-explorer-{stage}\n"
        "channels:\n  - conda-forge\n"
        "dependencies:\n  - python=3.11\n  - pip\n  - pip:\n" + pins + "\n"
    )


def files() -> dict[str, str]:
    """Give all files to write, by name."""
    versions = locked_versions((HERE / "lock.txt").read_text(encoding="utf-8"))
    made = {f"{stage}.yaml": environment(stage, versions) for stage in STAGES}
    return made | {f"{stage}.post-deploy.sh": POST_DEPLOY for stage in STAGES}


if __name__ == "__main__":
    for name, text in files().items():
        (HERE / name).write_text(text, encoding="utf-8")
    sys.stdout.write(f"wrote {len(STAGES)} environments\n")
