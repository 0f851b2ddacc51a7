"""Clocks, peak memory, tables and separate processes for all benchmarks."""

import json
import os
import platform
import resource
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
# A benchmark is started by its path; it imports the tests' fixtures from here.
sys.path.insert(0, str(ROOT))


@dataclass
class Spent:
    """Wall time and the time of all cores of this process, in seconds."""

    seconds: float = 0.0
    core_seconds: float = 0.0


@contextmanager
def timed() -> Iterator[Spent]:
    """Measure the time of a block; read the result after it."""
    spent, begin, core = Spent(), time.perf_counter(), time.process_time()
    yield spent
    spent.seconds, spent.core_seconds = time.perf_counter() - begin, time.process_time() - core


def peak_mib() -> float:
    """Return the peak memory of this process, in MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def run_part(script: str, *arguments: object, **environment: str) -> dict[str, Any]:
    """Run a part of a benchmark in a separate process and return the JSON of its last line."""
    done = subprocess.run(
        [sys.executable, script, *map(str, arguments)],
        env=os.environ | environment,
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    report: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return report


def print_row(*cells: object) -> None:
    """Print one row of a Markdown table at once."""
    print(f"| {' | '.join(str(cell) for cell in cells)} |", flush=True)


def print_table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print a Markdown table, each row as soon as it is measured."""
    print_row(*columns)
    print("|---" * len(columns) + "|")
    for row in rows:
        print_row(*row)


def machine() -> str:
    """Return the number and kind of the processors."""
    path = Path("/proc/cpuinfo")
    lines = path.read_text().splitlines() if path.exists() else []
    models = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return f"{len(models)} x {models[0]}" if models else platform.processor() or "unknown"
