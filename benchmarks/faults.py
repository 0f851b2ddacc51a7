"""Inject random faults into the small demo: `python benchmarks/faults.py --folder OUT --runs 50`.

The small demo of the tests (60 glitches, both detectors, witnesses and costs) runs once without faults.
Each further run starts from a copy in which one random output and all that depends on it are missing, so
that every stage is hit. 50 runs take two hours on 2 idle cores. While the run computes them again, one
fault happens at a random moment:

all killed      SIGKILL to snakemake and its jobs
head killed     SIGKILL to snakemake alone; its jobs go on as orphans
job killed      SIGKILL to one job
truncated       a table or array that a job is about to read is cut to a random length
full disk       the folder lies on a disk with too little space left (needs root)

Then the run is started again after doing what the messages say, and nothing else (`--unlock`, deleting the
file that is called damaged, `--forcerun`, more space). It ends right if all results have the same bytes as
without faults. Finished runs are listed in OUT/runs.csv and not repeated.
"""

import argparse
import csv
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

from harness import ROOT, print_table

from tests.fixtures.project import SMALL, Project, jobs

#: Seconds before the first job starts, and for each job on two cores; largest number of starts of a run.
START, JOB, STARTS = 4.0, 2.5, 5
COLUMNS = ("number", "fault", "missing", "struck", "starts", "right", "actions")


def kill(project: Project, fault: str, planned: int, draws: random.Random) -> bool:
    """Start the run of `planned` jobs and kill at a random moment; a job alone ends the run by itself."""
    process = project.start()
    time.sleep(START + draws.uniform(0, JOB * planned))
    struck = process.poll() is None
    if struck and fault == "all killed":
        os.killpg(process.pid, signal.SIGKILL)
    elif struck and fault == "head killed":
        process.kill()
    elif struck:
        struck = project.kill_job()
    process.wait()
    return struck


def named(plan: str, kind: str) -> set[str]:
    """Return the paths that a dry run lists as `kind`, "input" or "output", of its jobs."""
    return set(", ".join(re.findall(rf"^ +{kind}: (.*)$", plan, re.MULTILINE)).split(", "))


def remove(project: Project, path: str) -> int:
    """Remove an output and all that depends on it, and return the number of jobs that compute them.

    A missing output alone is computed again only if a job needs it.
    """
    plan = project.run("--dry-run", "--forcerun", path)
    for name in named(plan, "output"):
        target = project.folder / name
        if target.is_dir():
            shutil.rmtree(target)
        else:
            target.unlink(missing_ok=True)
    return sum(jobs(plan).values())


def truncate(project: Project, draws: random.Random) -> bool:
    """Cut a file that a planned job reads and no planned job writes."""
    plan = project.run("--dry-run")
    read, written = named(plan, "input"), named(plan, "output")
    paths = sorted(
        path
        for path in read - written
        if path.endswith((".parquet", ".npy", ".npz")) and (project.folder / path).is_file()
    )
    if not paths:
        return False
    path = project.folder / draws.choice(paths)
    os.truncate(path, draws.randrange(path.stat().st_size))
    return True


@contextmanager
def on_small_disk(project: Project, folder: Path, draws: random.Random):
    """Yield the run on a disk with little space left, and a function that enlarges the disk."""
    folder.mkdir()

    def resize(size: str) -> None:
        subprocess.run(["mount", "-o", f"remount,size={size}", folder], check=True)

    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2g", "small", folder], check=True)
    try:
        subprocess.run(["cp", "-a", f"{project.folder}/.", folder], check=True)
        resize(str(shutil.disk_usage(folder).used + draws.randrange(1 << 12, 1 << 16)))
        yield Project(folder), lambda: resize("2g")
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)
        folder.rmdir()


def resume(project: Project) -> tuple[int, str]:
    """Start again, doing what the messages say; return the number of starts and these actions."""
    actions, options = [], []
    for number in range(1, STARTS + 1):
        answer = project.run(*options, check=False)
        forced = re.findall(r"`snakemake (--forcerun \w+)`", answer)
        options = forced[0].split() if forced else []
        damaged = re.findall(r"Error: (results/\S+) (?:is damaged|cannot be read as table)", answer)
        if "--unlock" in answer and "LockException" in answer:
            actions.append("unlock")
            project.run("--unlock")
        elif damaged:
            actions.append(f"delete {damaged[0]}")
            (project.folder / damaged[0]).unlink(missing_ok=True)
        elif forced:
            actions.append(forced[0])
        elif "Done. Picture:" in answer or "Nothing to be done" in answer:
            return number, "; ".join(actions)
        else:
            actions.append(next(iter(re.findall(r"Error: .*", answer)), "a job failed"))
    return STARTS, "; ".join(actions)


def outputs(project: Project) -> list[str]:
    """List the outputs of the run's rules that exist: files, and folders as a whole."""
    lines = [line.split("\t") for line in project.run("--summary").splitlines()]
    return sorted({line[0] for line in lines if len(line) > 3 and (project.folder / line[0]).exists()})


def strike(project: Project, fault: str, planned: int, draws: random.Random) -> bool:
    return truncate(project, draws) if fault == "truncated" else kill(project, fault, planned, draws)


def one_run(undisturbed: Project, folder: Path, number: int, faults: list[str]) -> dict:
    draws = random.Random(number)
    fault = faults[number % len(faults)]
    expected = undisturbed.contents()
    missing = draws.choice(outputs(undisturbed))
    copy = folder / f"run{number}"
    shutil.rmtree(copy, ignore_errors=True)
    project = undisturbed.clone(copy)
    planned = remove(project, missing)
    if fault == "full disk":
        with on_small_disk(project, folder / f"disk{number}", draws) as (small, enlarge):
            answer = small.run(check=False)
            struck = "the disk is full" in answer or "No space left" in answer
            enlarge()
            starts, actions = resume(small)
            right = small.contents() == expected
    else:
        struck = strike(project, fault, planned, draws)
        starts, actions = resume(project)
        right = project.contents() == expected
    if right:
        shutil.rmtree(copy)
    row = (number, fault, missing, struck, starts, right, actions)
    return dict(zip(COLUMNS, row, strict=True))


def print_summary(rows: list[dict]) -> None:
    lines = []
    for fault in sorted({row["fault"] for row in rows}):
        fault_rows = [row for row in rows if row["fault"] == fault]
        struck, right = (sum(str(row[name]) == "True" for row in fault_rows) for name in ("struck", "right"))
        starts = sum(int(row["starts"]) for row in fault_rows) / len(fault_rows)
        lines.append((fault, len(fault_rows), struck, f"{starts:.1f}", right))
    print_table(("fault", "runs", "struck under way", "starts, mean", "ended right"), lines)
    right = sum(str(row["right"]) == "True" for row in rows)
    print(f"\n{right} of {len(rows)} end right")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--folder", type=Path, required=True, help="where all this is done")
    parser.add_argument("--runs", type=int, default=50)
    parser.add_argument("--finished", type=Path, help="folder of an undisturbed run that is there already")
    parser.add_argument("--first", type=int, default=0, help="number of the first run, which draws its fault")
    options = parser.parse_args()
    folder = options.folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    undisturbed = Project((options.finished or folder / "undisturbed").resolve())
    if not undisturbed.folder.exists():
        undisturbed = Project.copied(ROOT, folder / "undisturbed", SMALL)
        undisturbed.run()
    faults = ["all killed", "head killed", "job killed", "truncated"]
    faults += ["full disk"] if os.geteuid() == 0 else []
    log = folder / "runs.csv"
    rows = list(csv.DictReader(log.open())) if log.exists() else []
    done = {int(row["number"]) for row in rows}
    for number in range(options.first, options.first + options.runs):
        if number in done:
            continue
        rows.append(one_run(undisturbed, folder, number, faults))
        with log.open("a", newline="") as stream:
            writer = csv.DictWriter(stream, COLUMNS)
            if len(rows) == 1:
                writer.writeheader()
            writer.writerow(rows[-1])
        print(rows[-1], flush=True)
    print_summary(rows)
    return 0 if all(str(row["right"]) == "True" for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
