"""The profile checker: a message for each thing that can be missing, and none where nothing is."""

import base64
import json
import os
import time

import pytest
import yaml

from glitch_explorer.workflow.profile_check import Machine, Profile, main, problems

LOGIN = {"strain": {"source": "gwdatafind"}}
ACCOUNTING = {"ACCOUNTING_GROUP": "ligo.dev.o4.detchar.explore", "ACCOUNTING_USER": "albert.einstein"}


class Fake(Machine):
    """A machine with all that a profile needs, less what a test takes away."""

    def __init__(self, *, pool_gpus="node7", environment=None, gpus=0):
        self.pool_gpus = pool_gpus
        self.environment = ACCOUNTING if environment is None else environment
        self._gpus = gpus

    def output(self, *command):
        assert command[0] == "condor_status"
        return self.pool_gpus

    def gpus(self):
        return self._gpus


@pytest.fixture(scope="session")
def shipped(root):
    return {name: Profile.read(root / "profiles" / name) for name in ("default", "slurm", "htcondor")}


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Return a folder that is not in the machine's own temporary one."""
    monkeypatch.setattr("tempfile.gettempdir", lambda: str(tmp_path / "tmp"))
    return tmp_path


def token(path, seconds):
    claims = (
        base64.urlsafe_b64encode(json.dumps({"exp": time.time() + seconds}).encode()).decode().rstrip("=")
    )
    path.write_text(f"head.{claims}.signature\n")
    return str(path)


@pytest.mark.parametrize("name", ["default", "slurm", "htcondor"])
def test_a_complete_machine_has_no_problems(shipped, folder, name):
    given = ACCOUNTING | {"BEARER_TOKEN_FILE": token(folder / "token", 9000)}
    assert list(problems(shipped[name], LOGIN, folder, Fake(environment=given))) == []


@pytest.mark.parametrize(
    ("name", "machine", "said", "remedy"),
    [
        ("htcondor", Fake(pool_gpus=""), "GPUs", "gpu=0"),
        ("htcondor", Fake(pool_gpus=None), "GPUs", "gpu=0"),
        (
            "htcondor",
            Fake(environment={"ACCOUNTING_USER": "albert.einstein"}),
            "accounting: ACCOUNTING_GROUP",
            "export ACCOUNTING_GROUP",
        ),
    ],
)
def test_what_is_missing_is_named_with_its_remedy(shipped, folder, name, machine, said, remedy):
    (problem,) = problems(shipped[name], {}, folder, machine)
    assert problem.startswith(said)
    assert remedy in problem


def test_a_pool_profile_without_a_tag_is_told_of(folder):
    (problem,) = problems(Profile("htcondor", {}, gpus=0, shared=True), {}, folder, Fake())
    assert "classad_AcctGroup" in problem


def test_a_workstation_with_fewer_gpus_than_it_counts_on(folder):
    profile = Profile("local", {}, gpus=2, shared=False)
    assert list(problems(profile, {}, folder, Fake(gpus=2))) == []
    (problem,) = problems(profile, {}, folder, Fake(gpus=1))
    assert "set `resources: gpu=1`" in problem


def test_a_folder_that_other_machines_do_not_see(shipped, tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.gettempdir", lambda: str(tmp_path))
    (problem,) = problems(shipped["slurm"], {}, tmp_path, Fake())
    assert "shared file system" in problem
    assert list(problems(shipped["default"], {}, tmp_path, Fake())) == []


@pytest.mark.parametrize(
    ("seconds", "given", "said"),
    [
        (None, True, "there is none in"),
        (60, True, "expires within ten minutes"),
        (9000, False, "jobs run elsewhere"),
    ],
)
def test_a_token_that_jobs_cannot_use(shipped, folder, seconds, given, said):
    path = folder / f"bt_u{os.getuid()}"
    if seconds is not None:
        token(path, seconds)
    where = {"BEARER_TOKEN_FILE": str(path)} if given else {"XDG_RUNTIME_DIR": str(folder)}
    (problem,) = problems(shipped["htcondor"], LOGIN, folder, Fake(environment=ACCOUNTING | where))
    assert problem.startswith("token: ")
    assert said in problem
    assert "htgettoken" in problem


def test_a_file_that_is_no_token(shipped, folder):
    (folder / "token").write_text("not a token")
    given = ACCOUNTING | {"BEARER_TOKEN_FILE": str(folder / "token")}
    (problem,) = problems(
        shipped["htcondor"], {"segments": {"flags": ["x"]}}, folder, Fake(environment=given)
    )
    assert "is not a token" in problem


def test_the_command_says_it_and_fails(root, folder, capsys, monkeypatch):
    monkeypatch.chdir(folder)
    slurm = str(root / "profiles/slurm")
    assert main([slurm], Fake()) == 0
    assert capsys.readouterr().out == f"{slurm}: ready\n"
    assert main([slurm, "--configfile", str(root / "config/ldg.yaml")], Fake()) == 1
    printed = capsys.readouterr().out
    assert "not ready" in printed
    assert printed.count("\n  - ") == 1
    assert main(["profiles/nowhere"]) == 1
    assert "there is no profile" in capsys.readouterr().err
    (folder / "profile.yaml").write_text("- no\n- profile\n")
    assert main([str(folder)]) == 1
    assert "must be YAML" in capsys.readouterr().err
    (folder / "study.yaml").write_text("a: [")
    assert main([slurm, "--configfile", "study.yaml"], Fake()) == 1
    assert "study.yaml" in capsys.readouterr().err


def test_profiles_agree_on_what_is_not_the_machines(root):
    common = ("rerun-triggers", "rerun-incomplete", "keep-going", "max-checksum-file-size")
    read = [
        yaml.safe_load((root / f"profiles/{name}/profile.yaml").read_text())
        for name in ("default", "slurm", "htcondor")
    ]
    for key in common:
        assert all(profile[key] == read[0][key] for profile in read), key
    for key in ("groups", "group-components", "cores", "set-threads"):
        assert read[1][key] == read[2][key], key
