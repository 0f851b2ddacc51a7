"""The lock covers the project, and the conda environment installs the lock."""

import hashlib
import re
import tomllib

from packaging.markers import Marker
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name


def locked_versions(lock):
    """Return the version of each distribution that a lock holds for this Python."""
    pins = re.findall(r"^([a-z0-9][a-z0-9._-]*)==([^\s;\\]+)(?: ; ([^\\\n]+))?", lock, re.MULTILINE)
    return {name: version for name, version, marker in pins if not marker or Marker(marker).evaluate()}


def check_lock(text, needs):
    versions = locked_versions(text)
    for line in needs:
        need = Requirement(line)
        assert need.specifier.contains(versions[canonicalize_name(need.name)]), line
    pins = re.split(r"\n(?=[a-z0-9])", text)
    assert all("--hash=sha256:" in pin for pin in pins if "==" in pin.splitlines()[0])
    assert "://" not in text


def test_every_rule_names_the_one_environment(root):
    for path in (root / "rules").glob("*.smk"):
        named = set(re.findall(r'"\.\./envs/(.+)"', path.read_text()))
        assert named <= {"conda.yaml"}, path.name


def test_a_new_lock_makes_a_new_conda_environment(root):
    script = (root / "envs/conda.post-deploy.sh").read_text()
    digest = hashlib.sha256((root / "envs/lock.txt").read_bytes()).hexdigest()
    assert f"# lock: {digest}\n" in script, "run `make lock`"


def test_the_lock_satisfies_the_project_and_has_hashes(root):
    project = tomllib.loads((root / "pyproject.toml").read_text())
    needs = project["project"]["dependencies"] + project["dependency-groups"]["dev"]
    check_lock((root / "envs/lock.txt").read_text(), needs)


def test_the_grids_lock_satisfies_its_group(root):
    groups = tomllib.loads((root / "pyproject.toml").read_text())["dependency-groups"]
    check_lock((root / "envs/grid.txt").read_text(), groups["grid"])
