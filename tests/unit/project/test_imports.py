"""Which heavy packages the scripts of the jobs load when they start.

Each job is a process of its own and pays for its imports. What a job needs only sometimes, or in another
script, is imported where it is used.
"""

import json
import subprocess
import sys

import pytest

#: Packages that take a tenth of a core-second or more to import, those first that many scripts load.
HEAVY = [
    "scipy.stats",
    "sklearn",
    "numba",
    "hdbscan",
    "umap",
    "xgboost",
    "shap",
    "cleanlab",
    "matplotlib",
    "plotly",
    "scipy.signal",
    "gwdatafind",
    "astropy",
    "gwpy",
    "torch",
    "torchvision",
]
#: What a script may load, with what that loads; others none.
ALLOWED = {
    "audit_labels": {"sklearn", "numba", "cleanlab"},
    "audit_leakage": {"scipy.stats"},
    "audit_probe": {"sklearn"},
    "coincidence_pages": {"scipy.stats", "numba"},
    "compare_families": {"sklearn"},
    "cost": {"numba"},
    "couple_detector": {"scipy.stats", "numba"},
    "couple_family": {"numba"},
    "couple_triggers": {"scipy.stats", "numba"},
    "explain_family": {"sklearn", "numba", "xgboost"},
    "explorer": {"numba"},
    "export_embedding_atlas": {"numba"},
    "figures": {"matplotlib"},
    "front_page": {"numba"},
    "gather_drivers": {"scipy.stats"},
    "gather_evidence": {"numba"},
    "gather_witnesses": {"numba"},
    "glitch_page": {"numba"},
    "impact_pages": {"matplotlib", "plotly"},
    "map_families": {"sklearn", "numba", "hdbscan"},
    "map_graph": {"numba"},
    "month_rates": {"scipy.stats", "numba"},
    "measure_excursions": {"scipy.stats", "numba", "scipy.signal"},
    "map_layout": {"sklearn", "numba", "hdbscan"},
    "map_stability": {"sklearn", "numba", "hdbscan"},
    "place": {"sklearn", "numba", "umap"},
    "similar_answers": {"numba"},
    "similar_neighbours": {"numba"},
    "validate_observatory": {"sklearn", "numba"},
    "validation_page": {"numba"},
    "witness_pages": {"numba", "matplotlib", "scipy.signal"},
}
#: Not tested: it needs torch, which loads most of the others.
LARGE = {"weights"}
#: Imports scripts, each in a fork of a process that has loaded what the script may load: forks share that.
_FORKS = """
import importlib, json, os, runpy, sys
import h5py, jinja2, lalframe, pandas, PIL.Image, pyarrow.parquet, requests, scipy.sparse, scipy.special

heavy, allowed = json.loads(sys.argv[1]), json.loads(sys.argv[2])

def fork(task, *args):
    if os.fork() == 0:
        task(*args)
        sys.stdout.flush()
        os._exit(0)
    assert os.wait()[1] == 0

def run(script):
    before = set(sys.modules)
    runpy.run_path(f"scripts/{script}.py", run_name="imported")
    print(json.dumps([script, [name for name in heavy if name in sys.modules and name not in before]]))

def load(package, scripts, depth):
    importlib.import_module(package)
    visit(scripts, depth)

def visit(scripts, depth):
    for script in scripts:
        if len(allowed[script]) == depth:
            fork(run, script)
    rest = [script for script in scripts if len(allowed[script]) > depth]
    for package in sorted({allowed[script][depth] for script in rest}):
        fork(load, package, [script for script in rest if allowed[script][depth] == package], depth + 1)

visit(sorted(allowed), 0)
"""


@pytest.mark.slow
def test_a_script_loads_no_heavy_package_that_it_may_not(root):
    names = {path.stem for path in (root / "scripts").glob("*.py")} - LARGE
    assert set(ALLOWED) <= names
    scripts = {name: sorted(ALLOWED.get(name, ()), key=HEAVY.index) for name in names}
    command = [sys.executable, "-c", _FORKS, json.dumps(HEAVY), json.dumps(scripts)]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    loaded = dict(map(json.loads, done.stdout.splitlines()))
    assert set(loaded) == names
    assert {script: packages for script, packages in loaded.items() if packages} == {}
