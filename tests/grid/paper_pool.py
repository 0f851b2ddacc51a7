"""Snakemake on an HTCondor pool of paper: what it submits is written down, and its results are copied.

Run as ``python -m tests.grid.paper_pool FINISHED ADS ARGUMENTS…``: each job's ClassAd, as the real bindings
make it, becomes a line of the file ADS; results come from the finished run FINISHED. The first job of the
catalogue fails.
"""

import json
import shutil
import sys
import time
from pathlib import Path

import htcondor
import htcondor2
from snakemake.cli import main

finished, ads = (Path(argument) for argument in sys.argv[1:3])
submitted: list[str] = []


class Answer:
    """What a scheduler gives back for a submission."""

    def cluster(self) -> int:
        return len(submitted)


class PaperSchedd:
    """Takes descriptions, and says in the job's own log that it ended."""

    def submit(self, description: htcondor2.Submit) -> Answer:
        submitted.append(description["batch_name"])
        # The second version of the bindings makes no ClassAds of its own; the first one's are the same.
        made = next(iter(htcondor.Submit(str(description)).jobs(count=1, owner="tester")))
        with ads.open("a", encoding="utf-8") as stream:
            stream.write(json.dumps(json.loads(made.printJson())) + "\n")
        fails = "catalog" in submitted[-1] and sum("catalog" in name for name in submitted) == 1
        if not fails:
            copy_missing(finished / "results", Path("results"))
        self._tell(Path(description["log"]), int(fails))
        return Answer()

    def _tell(self, log: Path, code: int) -> None:
        head = f"({len(submitted):03d}.000.000) {time.strftime('%Y-%m-%d %H:%M:%S')}"
        used = "".join(
            f"\t\tUsr 0 00:00:00, Sys 0 00:00:00  -  {name} Usage\n"
            for name in ("Run Remote", "Run Local", "Total Remote", "Total Local")
        )
        moved = "".join(
            f"\t0  -  {name} By Job\n"
            for name in ("Run Bytes Sent", "Run Bytes Received", "Total Bytes Sent", "Total Bytes Received")
        )
        with log.open("a", encoding="utf-8") as stream:
            stream.write(
                f"000 {head} Job submitted from host: <127.0.0.1:9618>\n...\n005 {head} Job terminated.\n"
                f"\t(1) Normal termination (return value {code})\n{used}{moved}...\n"
            )


def copy_missing(source: Path, target: Path) -> None:
    """Copy the files of a tree that another lacks, as new ones."""
    for path in source.rglob("*"):
        here = target / path.relative_to(source)
        if path.is_file() and not here.exists():
            here.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, here)


htcondor2.Schedd = PaperSchedd
main(sys.argv[3:])
