"""What a profile needs and this machine lacks, told before anything is submitted.

Run as ``python -m glitch_explorer.workflow.profile_check profiles/slurm [--configfile my.yaml]``.
"""

import argparse
import base64
import importlib.util
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from glitch_explorer.core.errors import UserError
from glitch_explorer.embed.device import count_gpus

#: What must be in PATH for an executor, and the command that reaches its scheduler.
PROGRAMS = {
    "slurm": ("sbatch", "srun", "squeue", "scancel", "sinfo"),
    "htcondor": ("condor_q", "condor_status"),
}
REACH = {"slurm": ("sinfo", "-h"), "htcondor": ("condor_q", "-totals")}
#: Sources of data that want a login.
LOGIN = {"gwdatafind", "arrakis"}


class Machine:
    """What a profile needs to know of the machine that it is checked on."""

    environment: Mapping[str, str] = os.environ

    def has_module(self, name: str) -> bool:
        """Whether Python finds the module."""
        return importlib.util.find_spec(name) is not None

    def has_program(self, name: str) -> bool:
        """Whether the program is in PATH."""
        return shutil.which(name) is not None

    def ask(self, *command: str) -> str | None:
        """Give what a program prints, or None where it fails."""
        try:
            done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)  # noqa: S603
        except (OSError, subprocess.SubprocessError):
            return None
        return done.stdout

    def gpus(self) -> int:
        """Count the GPUs here."""
        return count_gpus()


@dataclass(frozen=True)
class Profile:
    """What of a profile depends on the machine.

    Attributes
    ----------
    executor
        ``local``, ``slurm`` or ``htcondor``.
    defaults
        Resources of every job, as they are written.
    gpus
        GPUs that a job, on a workstation all jobs, may ask for.
    shared
        Whether jobs run on other machines that see the folder of the run.
    """

    executor: str
    defaults: dict[str, str]
    gpus: int
    shared: bool

    @classmethod
    def read(cls, path: str | Path) -> "Profile":
        """Read a profile's folder or file."""
        file = Path(path)
        file = file / "profile.yaml" if file.is_dir() else file
        if not file.is_file():
            raise UserError(f"there is no profile {file}; name its folder, such as profiles/slurm")
        content = _read_yaml(file)
        if not isinstance(content, dict):
            raise UserError(f"{file} is no profile: it must be YAML of keys and values, as profiles/slurm is")
        return cls(
            executor=content.get("executor", "local"),
            defaults=_pairs(content.get("default-resources")),
            gpus=int(_pairs(content.get("resources")).get("gpu", 0)),
            shared="executor" in content and content.get("shared-fs-usage") != "none",
        )


def _read_yaml(path: str | Path) -> Any:
    with open(path, encoding="utf-8") as stream:
        return yaml.safe_load(stream)


def _pairs(entries: Any) -> dict[str, str]:
    """Give a list of ``name=value``, or a mapping, as a dict."""
    if isinstance(entries, dict):
        return {name: str(value) for name, value in entries.items()}
    return dict(entry.split("=", 1) for entry in entries or ())


def problems(
    profile: Profile, config: Mapping[str, Any], folder: str | Path, machine: Machine
) -> Iterator[str]:
    """Say what is missing, each with what to do.

    Parameters
    ----------
    profile
        The profile that jobs are to run by.
    config
        The study; tells whether its data want a login.
    folder
        Where the run is to be.
    machine
        What is asked.

    Yields
    ------
    str
        One problem.
    """
    if profile.executor == "local":
        if profile.gpus > (here := machine.gpus()):
            yield f"GPUs: the profile counts on {profile.gpus}, {here} are here: set `resources: gpu={here}`"
    elif not machine.has_module(f"snakemake_executor_plugin_{profile.executor.replace('-', '_')}"):
        yield (
            f"executor: snakemake-executor-plugin-{profile.executor} is not installed:"
            " run `python -m pip install --no-deps -r envs/grid.txt`"
        )
    yield from _folder(Path(folder), profile)
    if profile.executor in PROGRAMS:
        lacking = [name for name in PROGRAMS[profile.executor] if not machine.has_program(name)]
        if lacking:
            yield f"programs: {', '.join(lacking)} not in PATH: log in to a submit node, or load its module"
        elif machine.ask(*REACH[profile.executor]) is None:
            yield f"scheduler: `{' '.join(REACH[profile.executor])}` fails: its service does not answer here"
        else:
            yield from (_slurm if profile.executor == "slurm" else _htcondor_gpus)(profile, machine)
    if profile.executor == "htcondor":
        yield from _accounting_tag(profile, machine)
    if _wants_login(config):
        yield from _token(machine, profile)


def _folder(folder: Path, profile: Profile) -> Iterator[str]:
    """Check where the run writes."""
    if not os.access(folder, os.W_OK | os.X_OK):
        yield f"folder: {folder} cannot be written: run in a folder of your own"
    elif profile.shared and folder.resolve().is_relative_to(Path(tempfile.gettempdir()).resolve()):
        yield (
            f"folder: {folder} is in {tempfile.gettempdir()} of this machine, which other nodes do not see:"
            " run on the shared file system"
        )


def _slurm(profile: Profile, machine: Machine) -> Iterator[str]:
    """Check partition, account and GPUs."""
    offered = (machine.ask("sinfo", "-h", "-o", "%P") or "").split()
    names = ", ".join(name.rstrip("*") for name in offered)
    wanted = profile.defaults.get("slurm_partition")
    if wanted and wanted not in {name.rstrip("*") for name in offered}:
        yield f"partition: there is no {wanted}; offered: {names}: set slurm_partition to one of them"
    if not wanted and not any(name.endswith("*") for name in offered):
        yield f"partition: this cluster has no default: set slurm_partition to one of {names}"
    rules = machine.ask("scontrol", "show", "config") or ""
    enforced = next((line for line in rules.splitlines() if line.startswith("AccountingStorageEnforce")), "")
    if "associations" in enforced and "slurm_account" not in profile.defaults:
        found = machine.ask("sacctmgr", "-n", "-P", "show", "associations", "format=account") or ""
        yield (
            "account: this cluster asks for one: set slurm_account in default-resources"
            f" (yours: {', '.join(sorted(set(found.split()))) or 'ask its administrators'})"
        )
    if profile.gpus and "gpu" not in (machine.ask("sinfo", "-h", "-o", "%G") or ""):
        yield "GPUs: no node has one: set `resources: gpu=0`"


def _htcondor_gpus(profile: Profile, machine: Machine) -> Iterator[str]:
    """Check that the pool has GPUs where they are asked for."""
    found = machine.ask("condor_status", "-constraint", "TotalGPUs > 0", "-af", "Machine")
    if profile.gpus and not found:
        yield "GPUs: no machine of the pool has one: set `resources: gpu=0`"


def _accounting_tag(profile: Profile, machine: Machine) -> Iterator[str]:
    """Check that tag and user are filled in from the environment."""
    for name, example in (("ACCOUNTING_GROUP", "ligo.dev.o4.detchar.explore"), ("ACCOUNTING_USER", "$USER")):
        used = any(f"${name}" in value for value in profile.defaults.values())
        if used and not machine.environment.get(name):
            yield f"accounting: {name} is not set: `export {name}=…`, such as {example}"
    if "classad_AcctGroup" not in profile.defaults:
        yield "accounting: the profile has no classad_AcctGroup: LIGO's pools refuse jobs without a tag"


def _wants_login(config: Mapping[str, Any]) -> bool:
    sources = {(config.get(part) or {}).get("source") for part in ("strain", "coupling")}
    return bool(sources & LOGIN) or bool((config.get("segments") or {}).get("flags"))


def _token(machine: Machine, profile: Profile) -> Iterator[str]:
    """Check that a token is there, is good for a while, and that jobs will see it."""
    if machine.environment.get("X509_USER_PROXY"):
        return
    uid = os.getuid()
    given = machine.environment.get("BEARER_TOKEN_FILE")
    usual = [f"{machine.environment.get('XDG_RUNTIME_DIR', f'/run/user/{uid}')}/bt_u{uid}", f"/tmp/bt_u{uid}"]  # noqa: S108
    path = next((Path(name) for name in ([given] if given else usual) if Path(name).is_file()), None)
    renew = (
        "run `htgettoken -a vault.ligo.org -i igwn -o ~/igwn.token; export BEARER_TOKEN_FILE=~/igwn.token`"
    )
    if path is None:
        yield f"token: the data want a login, and there is none in {given or ' or '.join(usual)}: {renew}"
    elif _seconds_left(path) < 600:
        yield f"token: {path} is no token or ends within ten minutes: {renew}"
    elif profile.shared and not given:
        yield f"token: {path} is on this machine only, and jobs run elsewhere: {renew}"


def _seconds_left(token: Path) -> float:
    """Give how long a token is good for; 0 where it cannot be read."""
    try:
        payload = token.read_text(encoding="ascii").strip().split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
        return float(claims["exp"]) - time.time()
    except (OSError, ValueError, LookupError, TypeError):
        return 0.0


def main(arguments: list[str] | None = None, machine: Machine | None = None) -> int:
    """Check a profile; print what is missing, and give 1 where something is."""
    parser = argparse.ArgumentParser(prog="profile_check", description=__doc__.splitlines()[0])
    parser.add_argument("profile", help="its folder, such as profiles/slurm")
    parser.add_argument("--configfile", help="the study; tells whether its data want a login")
    given = parser.parse_args(arguments)
    try:
        profile = Profile.read(given.profile)
        config = _read_yaml(given.configfile) if given.configfile else {}
    except (UserError, OSError, yaml.YAMLError) as problem:
        print(f"Error: {problem}", file=sys.stderr)
        return 1
    found = list(problems(profile, config or {}, Path.cwd(), machine or Machine()))
    print(f"{given.profile}: {'ready' if not found else 'not yet'}")
    for line in found:
        print(f"  - {line}")
    return int(bool(found))


if __name__ == "__main__":
    raise SystemExit(main())
