"""The benchmarks run, in short, and the claims hold where noise cannot hide them."""

import re
import shlex
import subprocess
import sys

import pytest

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        ("embedding.py --images 48", r"images/s"),
        ("qscan.py --rate 4096 --glitches 2", r"ratio"),
        ("reduction.py --n 1500", r"times"),
        (
            "explorer.py 2000 --pictures 20",
            r"\| 2000 \| 0\.\d \| 0\.\d \| \d+ \| \d+ \| [\d.]+ \([\d.]+\) \| \d\.\d ",
        ),
        ("search.py --n 10000 --dimension 64", r"recall@30 of descent (1\.0|0\.9[5-9])"),
        (
            "fetch.py --glitches 10 --channels 8 --stored 32 --seconds 1024 --sample 1",
            r"intervals: 1\.[01]\d+ asked.*\n.*opened 1\.00 times",
        ),
        ("fetch.py --day --day-seconds 256", r"peak: [01]\."),
        ("witness.py --channels 4 --hours 1 --glitches 30 --slides 50", r"same bytes with 1 thread: True"),
        ("triggers.py --channels 20 --triggers 2000 --slides 99 --threads 1", r"first: L1:A-0000, p 0\.0100"),
        ("models.py --glitches 24 --features 60", r"same tables on one thread: True"),
        (
            "couplings.py FOLDER --seeds 1 --glitches 500 --segments 5 --classes Koi_Fish Power_Line",
            r"witness_hit_at_1 \| 1\.000",
        ),
        (
            "drivers.py FOLDER --seeds 1 --glitches 900 --segments 16 --classes Koi_Fish Power_Line",
            r"driver_hit \| 1\.000 .* \| [1-9] \|",
        ),
        (
            "planted_costs.py --seeds 3 --intervals 3",
            r"mean of C_k over the seeds \| 0\.(8[5-9]|9\d)\d \| .* \| 0\.9\d\d \|",
        ),
        ("null_families.py --families 2 --slides 50", r"\| quiet \| 0\.05 \| 2 \|"),
        ("gpu.py --pictures 64 --scans 16", r"no GPU here|the same bytes again: True"),
        ("costs.py --glitches 20000 --families 40 --days 20", r"80 costs of 20000 glitches"),
        (
            "dag.py --shards 4 --families 3 --states mapped",
            r"\| 4 \| 3 \| mapped \| \d+ \| [\d.]+ \| [\d.]+ \| \d+ \|",
        ),
        (
            "scale.py FOLDER 400 --parts graph layouts families quality",
            r"\| layouts \| .*MiB \|  \|\n[^$]*trustworthiness",
        ),
    ],
)
def test_a_benchmark_runs(root, command, expected, tmp_path):
    name, *arguments = shlex.split(command.replace("FOLDER", str(tmp_path)))
    done = subprocess.run(
        [sys.executable, root / "benchmarks" / name, *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=1200,
    )
    print(done.stdout)
    assert done.returncode == 0, done.stderr[-3000:]
    assert re.search(expected, done.stdout)
