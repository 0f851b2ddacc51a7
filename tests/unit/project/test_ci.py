"""The files that GitHub, git, pre-commit and the workflow catalogue read."""

import re
import subprocess
import sys

import yaml


def run(root, module, *arguments):
    return subprocess.run(
        [sys.executable, "-m", module, *arguments], cwd=root, capture_output=True, text=True, check=False
    )


def test_workflows_fit_the_schema_and_run_what_anyone_runs(root):
    paths = sorted((root / ".github/workflows").glob("*.yml"))
    checked = run(root, "check_jsonschema", "--builtin-schema", "vendor.github-workflows", *map(str, paths))
    assert checked.returncode == 0, checked.stdout + checked.stderr
    steps = [
        step.get("run")
        for path in paths
        for job in yaml.safe_load(path.read_text())["jobs"].values()
        for step in job["steps"]
    ]
    assert {".ci/run", "make docs"} <= set(steps)


def test_hooks_are_programs_of_the_lock(root):
    checked = run(root, "pre_commit", "validate-config")
    assert checked.returncode == 0, checked.stdout + checked.stderr
    lock = (root / "envs/lock.txt").read_text()
    (repository,) = yaml.safe_load((root / ".pre-commit-config.yaml").read_text())["repos"]
    for hook in repository["hooks"]:
        program = re.match(r"\.venv/bin/([\w-]+)", hook["entry"])[1]
        assert f"\n{program}==" in lock, hook["id"]


def test_catalogue_names_the_flags_of_the_default_profile(root):
    usage = yaml.safe_load((root / ".snakemake-workflow-catalog.yml").read_text())["usage"]
    profile = yaml.safe_load((root / "profiles/default/profile.yaml").read_text())
    triggers = " ".join(profile["rerun-triggers"])
    assert usage["mandatory-flags"]["flags"] == f"--rerun-triggers {triggers} --rerun-incomplete"


def test_commits_that_blame_ignores_are_whole_hashes(root):
    lines = (root / ".git-blame-ignore-revs").read_text().splitlines()
    commits = [line for line in lines if line and not line.startswith("#")]
    assert len(commits) >= 2
    assert all(re.fullmatch("[0-9a-f]{40}", commit) for commit in commits)
