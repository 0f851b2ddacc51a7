"""A copy of the project with a small run of it: what the workflow's tests change and count."""

import os
import re
import shutil
import signal
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from glitch_explorer.catalog.schemas import GLITCHES
from glitch_explorer.core.views import VIEW_NAMES
from tests.conftest import made_once

#: The small demo, with all stages.
SMALL = yaml.safe_load((Path(__file__).parents[2] / "config/small.yaml").read_text())
COPIED = [
    "Snakefile",
    "CITATION.cff",
    "rules",
    "scripts",
    "config",
    "envs",
    "profiles",
    "resources",
    "report",
]


@dataclass
class Project:
    """The project's files in a folder of their own, and snakemake run there."""

    folder: Path

    @classmethod
    def copied(cls, root: Path, folder: Path, config: dict) -> "Project":
        """Copy the project's files; the library is a link, so that numba compiles it once for all."""
        folder.mkdir(parents=True)
        (folder / "src").symlink_to(root / "src")
        for name in COPIED:
            source = root / name
            if source.is_dir():
                shutil.copytree(source, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
            elif source.exists():
                shutil.copy2(source, folder / name)
        (folder / "study.yaml").write_text(yaml.safe_dump(config))
        return cls(folder)

    def clone(self, folder: Path) -> "Project":
        """Copy everything, times included, the library too: a clone may be edited."""
        subprocess.run(["cp", "-a", self.folder, folder], check=True)
        library = folder / "src"
        if library.is_symlink():
            unfinished = shutil.ignore_patterns("*.egg-info", "*.pyc.*", "*.tmp.*")
            source = library.resolve()
            library.unlink()
            shutil.copytree(source, library, ignore=unfinished)
        return Project(folder)

    def command(self, *arguments: str) -> list[str]:
        return [sys.executable, "-m", "snakemake", "--configfile", "study.yaml", "--cores", "2", *arguments]

    @property
    def environment(self) -> dict[str, str]:
        return os.environ | {"PYTHONPATH": str(self.folder / "src")}

    def start(self) -> subprocess.Popen:
        """Start snakemake in a group of its own and do not wait for it."""
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        return subprocess.Popen(
            self.command(), cwd=self.folder, env=self.environment, start_new_session=True, **quiet
        )

    def kill_job(self) -> bool:
        """Kill one running job, and nothing else; return whether there was one."""
        for process in Path("/proc").glob("[0-9]*"):
            with suppress(FileNotFoundError, ProcessLookupError):
                if f"{self.folder}/.snakemake/scripts/".encode() in (process / "cmdline").read_bytes():
                    os.kill(int(process.name), signal.SIGKILL)
                    return True
        return False

    def run(self, *arguments: str, check: bool = True) -> str:
        """Run snakemake and give all that it printed."""
        done = subprocess.run(
            self.command(*arguments),
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=1800,
            check=False,
        )
        text = done.stdout + done.stderr
        assert not check or done.returncode == 0, text[-6000:]
        return text

    def plan(self, *arguments: str) -> dict[str, int]:
        """Return the jobs of a dry run, by rule; target rules that only gather are left out."""
        return jobs(self.run("--dry-run", *arguments))

    def edit(self, name: str, old: str, new: str) -> None:
        path = self.folder / name
        text = path.read_text()
        assert old in text, f"{old!r} is not in {name}"
        path.write_text(text.replace(old, new, 1))

    def configure(self, **sections) -> dict:
        path = self.folder / "study.yaml"
        config = yaml.safe_load(path.read_text())
        for name, section in sections.items():
            config[name] = {**config.get(name, {}), **section} if isinstance(section, dict) else section
        path.write_text(yaml.safe_dump(config))
        return config

    def contents(self) -> dict[str, bytes]:
        """Return the bytes of all results that must not depend on how the run went."""
        results = self.folder / "results"
        return {
            path.relative_to(results).as_posix(): path.read_bytes()
            for path in sorted(results.rglob("*"))
            if path.is_file()
            and path.relative_to(results).parts[0] not in {"logs", "benchmarks", "run.json"}
            and not path.name.startswith(".")
        }


def jobs(text: str) -> dict[str, int]:
    """Read the first table of job counts in snakemake's output."""
    table = re.search(r"Job stats:\njob\s+count\n[-\s]+\n(.*?)\ntotal", text, re.DOTALL)
    if table is None:
        return {}
    counts = dict(re.findall(r"^(\w+)\s+(\d+)$", table.group(1), re.MULTILINE))
    return {name: int(count) for name, count in counts.items() if name not in GATHERING}


GATHERING = {
    "all",
    "views",
    "embed",
    "map",
    "similar",
    "audit",
    "coupling",
    "impact",
    "site",
    "validate",
    "provenance",  # follows every change
}


def done_jobs(text: str) -> dict[str, int]:
    """Count the jobs that a run finished, by rule."""
    found: dict[str, int] = {}
    for name in re.findall(r"^Finished jobid: \d+ \(Rule: (\w+)\)", text, re.MULTILINE):
        if name not in GATHERING:
            found[name] = found.get(name, 0) + 1
    return found


@pytest.fixture(scope="session")
def finished(root, tmp_path_factory) -> Project:
    """Return a complete run of the small demo, the one that all tests share; clone it, do not change it."""

    def make(folder: Path) -> None:
        Project.copied(root, folder, SMALL).run()

    return Project(made_once(tmp_path_factory, "finished", make))


def draw_pictures(project: Project, folder: Path, metadata: Path) -> None:
    """Draw a run's views as Gravity Spy pictures without axes, by label; their times as metadata."""
    import matplotlib as mpl
    import numpy as np
    from PIL import Image

    from glitch_explorer.core import tables

    colours = (mpl.colormaps["viridis"](np.arange(256))[:, :3] * 255).round().astype(np.uint8)
    results = project.folder / "results"
    lines = ["gravityspy_id,ifo,event_time"]
    for shard in (results / "catalog/shards.txt").read_text().split():
        views = np.load(results / f"views/{shard}.npy")
        rows = tables.read(GLITCHES, results / f"catalog/shards/{shard}.parquet")
        for row, pictures in zip(rows.itertuples(), views, strict=True):
            lines.append(f"{row.glitch_id},{row.ifo},{row.event_time}")
            target = folder / str(row.label)
            target.mkdir(parents=True, exist_ok=True)
            for name, picture in zip(VIEW_NAMES, pictures, strict=True):
                image = Image.fromarray(colours[picture]).resize((569, 479))
                image.save(target / f"{row.ifo}_{row.glitch_id}_spectrogram_{name}.png", compress_level=1)
    metadata.write_text("\n".join([*lines, ""]))


@pytest.fixture(scope="session")
def pictures(root, finished, tmp_path_factory) -> Project:
    """Return a small run on pictures, drawn from the simulated one, as far as the map."""
    config = {name: SMALL[name] for name in ("detectors", "limits", "views", "embedding", "map", "audit")}
    config["source"] = {"kind": "images", "paths": ["pictures"], "metadata": ["times.csv"]}

    def make(folder: Path) -> None:
        project = Project.copied(root, folder, config)
        draw_pictures(finished, folder / "pictures", folder / "times.csv")
        project.run("map")

    return Project(made_once(tmp_path_factory, "drawn", make))
