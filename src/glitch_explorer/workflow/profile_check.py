"""What a profile needs that Snakemake and its executors do not check before jobs are submitted.

Run as ``python -m glitch_explorer.workflow.profile_check profiles/htcondor [--configfile my.yaml]``.
A missing executor, scheduler, partition or account is an error of Snakemake or of its plugin at once. What is
left would show hours later: accounting tags that are empty, a token that ends, a folder that other machines
do not see, GPUs that a pool does not have.
"""

import argparse
import base64
import json
import os
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

#: Sources of data that require a login.
LOGIN = {"gwdatafind", "arrakis"}
#: Least time that a token must be valid, in seconds.
MIN_TOKEN_S = 600.0


class Machine:
    """The machine that a profile is checked on."""

    environment: Mapping[str, str] = os.environ

    def output(self, *command: str) -> str | None:
        """Return what a program prints, or None where it fails."""
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
    """The parts of a profile that depend on the machine.

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
            raise UserError(f"there is no profile {file}: name its folder, such as profiles/slurm")
        content = _read_yaml(file)
        if not isinstance(content, dict):
            raise UserError(
                f"{file} is not a profile: it must be YAML of keys and values, as profiles/slurm is"
            )
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
    """Return a list of ``name=value``, or a mapping, as a dict."""
    if isinstance(entries, dict):
        return {name: str(value) for name, value in entries.items()}
    return dict(entry.split("=", 1) for entry in entries or ())


def problems(
    profile: Profile, config: Mapping[str, Any], folder: str | Path, machine: Machine
) -> Iterator[str]:
    """Yield what is missing, each with what to do.

    Parameters
    ----------
    profile
        The profile that jobs are to run by.
    config
        The study; decides whether its data require a login.
    folder
        Where the run is to be.
    machine
        The machine to check.

    Yields
    ------
    str
        One problem.
    """
    if profile.executor == "local" and profile.gpus > (here := machine.gpus()):
        yield f"GPUs: the profile has {profile.gpus}, this machine {here}: set `resources: gpu={here}`"
    temporary = Path(tempfile.gettempdir()).resolve()
    if profile.shared and Path(folder).resolve().is_relative_to(temporary):
        yield (
            f"folder: {folder} is in {temporary} of this machine, which other nodes do not see:"
            " run on the shared file system"
        )
    if profile.executor == "htcondor":
        with_gpus = machine.output("condor_status", "-constraint", "TotalGPUs > 0", "-af", "Machine")
        if profile.gpus and not with_gpus:
            yield "GPUs: no machine of the pool has one: set `resources: gpu=0`"
        yield from _accounting_tag(profile, machine)
    if _requires_login(config):
        yield from _token(machine, profile)


def _accounting_tag(profile: Profile, machine: Machine) -> Iterator[str]:
    """Check that the environment has the accounting tag and user that the profile refers to."""
    for name, example in (("ACCOUNTING_GROUP", "ligo.dev.o4.detchar.explore"), ("ACCOUNTING_USER", "$USER")):
        used = any(f"${name}" in value for value in profile.defaults.values())
        if used and not machine.environment.get(name):
            yield f"accounting: {name} is not set: `export {name}=…`, such as {example}"
    if "classad_AcctGroup" not in profile.defaults:
        yield "accounting: the profile has no classad_AcctGroup: LIGO's pools refuse jobs without a tag"


def _requires_login(config: Mapping[str, Any]) -> bool:
    sources = {(config.get(part) or {}).get("source") for part in ("strain", "coupling")}
    return bool(sources & LOGIN) or bool((config.get("segments") or {}).get("flags"))


def _token(machine: Machine, profile: Profile) -> Iterator[str]:
    """Check that a token exists, stays valid for a while, and is where jobs see it."""
    if machine.environment.get("X509_USER_PROXY"):
        return
    uid = os.getuid()
    named = machine.environment.get("BEARER_TOKEN_FILE")
    usual = [f"{machine.environment.get('XDG_RUNTIME_DIR', f'/run/user/{uid}')}/bt_u{uid}", f"/tmp/bt_u{uid}"]  # noqa: S108
    path = next((Path(name) for name in ([named] if named else usual) if Path(name).is_file()), None)
    renew = (
        "run `htgettoken -a vault.ligo.org -i igwn -o ~/igwn.token; export BEARER_TOKEN_FILE=~/igwn.token`"
    )
    if path is None:
        yield f"token: the data require a login, and there is none in {named or ' or '.join(usual)}: {renew}"
    elif _seconds_left(path) < MIN_TOKEN_S:
        yield f"token: {path} is not a token or expires within ten minutes: {renew}"
    elif profile.shared and not named:
        yield f"token: {path} is on this machine only, and jobs run elsewhere: {renew}"


def _seconds_left(token: Path) -> float:
    """Return the seconds that a token stays valid; 0 where it cannot be read."""
    try:
        payload = token.read_text(encoding="ascii").strip().split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
        return float(claims["exp"]) - time.time()
    except (OSError, ValueError, LookupError, TypeError):
        return 0.0


def main(arguments: list[str] | None = None, machine: Machine | None = None) -> int:
    """Check a profile, print what is missing, and return 1 where something is."""
    parser = argparse.ArgumentParser(prog="profile_check", description=__doc__.splitlines()[0])
    parser.add_argument("profile", help="its folder, such as profiles/slurm")
    parser.add_argument("--configfile", help="the study; decides whether its data require a login")
    options = parser.parse_args(arguments)
    try:
        profile = Profile.read(options.profile)
        config = _read_yaml(options.configfile) if options.configfile else {}
    except (UserError, OSError, yaml.YAMLError) as problem:
        print(f"Error: {problem}", file=sys.stderr)
        return 1
    missing = list(problems(profile, config or {}, Path.cwd(), machine or Machine()))
    print(f"{options.profile}: {'not ready' if missing else 'ready'}")
    for line in missing:
        print(f"  - {line}")
    return int(bool(missing))


if __name__ == "__main__":
    raise SystemExit(main())
