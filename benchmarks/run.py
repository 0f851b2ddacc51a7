"""Run most benchmarks at full size and print their tables with commit and machine: `make bench`.

couplings.py, drivers.py, growth.py, null_families.py, scale.py and slow_drivers.py need hours or a folder
that stays, and are started by hand. Results are copied into docs/reference/benchmarks.md by hand. Real
pictures and strain files are taken from the folder given by --data, if it exists.
"""

import argparse
import platform
import subprocess
import sys
from pathlib import Path

from harness import machine

HERE = Path(__file__).resolve().parent


def commands(data: Path) -> list[list[str]]:
    rows = [
        ["embedding.py", "--images", "800"],
        ["gpu.py"],
        ["qscan.py", "--rate", "4096"],
        ["qscan.py", "--rate", "8192"],
        ["qscan.py", "--rate", "16384"],
        ["fetch.py"],
        ["fetch.py", "--stored", "400", "--glitches", "50", "--seconds", "2944"],
        ["fetch.py", "--spread", "--glitches", "6", "--channels", "20", "--seconds", "14336"],
        ["fetch.py", "--day"],
        ["witness.py"],
        ["triggers.py", "--part", "0.1"],
        ["triggers.py"],
        ["models.py"],
        ["costs.py"],
        ["planted_costs.py"],
        ["dag.py"],
        ["reduction.py", "--n", "34332"],
        ["search.py", "--n", "100000"],
        ["search.py", "--n", "300000"],
        ["faults.py", "--folder", str(HERE.parent / "results/benchmarks/faults")],
        ["explorer.py"],
    ]
    if data.is_dir():
        rows.append(["qscan.py", "--data", str(data / "strain"), "--glitches", "9"])
    return rows


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=HERE.parents[1] / "shared/data")
    options = parser.parse_args()
    commit = subprocess.run(
        ["git", "-C", HERE, "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False
    ).stdout.strip()
    print(f"commit {commit or 'unknown'}, {machine()}, Python {platform.python_version()}")
    worst = 0
    for name, *arguments in commands(options.data):
        print(f"\n## {name} {' '.join(arguments)}\n", flush=True)
        worst = max(worst, subprocess.run([sys.executable, HERE / name, *arguments], check=False).returncode)
    return worst


if __name__ == "__main__":
    sys.exit(main())
