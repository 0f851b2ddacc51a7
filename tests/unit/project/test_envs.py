"""The environments: conda files are what the lock gives, and the lock covers the project."""

import importlib.util
import re
import tomllib

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name


def load(root):
    spec = importlib.util.spec_from_file_location("make_conda", root / "envs/make_conda.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_conda_files_are_what_the_lock_gives(root):
    for name, text in load(root).files().items():
        assert (root / "envs" / name).read_text() == text, f"envs/{name} is old: run `make lock`"


def test_every_rule_names_an_environment_that_exists(root):
    named = set()
    for path in (root / "rules").glob("*.smk"):
        named |= set(re.findall(r'"\.\./envs/(\w+)\.yaml"', path.read_text()))
    assert named == set(load(root).STAGES)


def test_of_several_pins_the_one_for_the_conda_files_python_counts(root):
    lock = (
        "one==1.0 ; python_full_version < '3.12' \\\n    --hash=sha256:0\n"
        "one==2.0 ; python_full_version >= '3.12'\ntwo==3.0 ; sys_platform == 'win32'\nthree==4 \\\n"
    )
    assert load(root).locked_versions(lock) == {
        "one": "1.0",
        "three": "4",
    }


def test_the_lock_satisfies_the_project_and_has_hashes(root):
    text = (root / "envs/lock.txt").read_text()
    project = tomllib.loads((root / "pyproject.toml").read_text())
    check_lock(load(root), text, project["project"]["dependencies"] + project["dependency-groups"]["dev"])


def test_the_grids_lock_satisfies_its_group(root):
    groups = tomllib.loads((root / "pyproject.toml").read_text())["dependency-groups"]
    check_lock(load(root), (root / "envs/grid.txt").read_text(), groups["grid"])


def check_lock(make_conda, text, needs):
    versions = make_conda.locked_versions(text)
    for line in needs:
        need = Requirement(line)
        assert need.specifier.contains(versions[canonicalize_name(need.name)]), line
    blocks = re.split(r"\n(?=[a-z0-9])", text)
    assert all("--hash=sha256:" in block for block in blocks if "==" in block.splitlines()[0])
    assert "://" not in text
