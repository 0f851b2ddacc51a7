"""Run hveto on triggers from a JSON file; started by `hveto.py`, with a Python that has hveto.

Gives for each job what it asks for: `rounds`, the winners by hveto's own functions; `command`, the same by
the whole command on trigger files, with its plots and pages; `count`, how many primaries hveto's search
finds coincident.
"""

import json
import math
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import h5py
import numpy as np
from gwpy.segments import DataQualityDict, DataQualityFlag, Segment, SegmentList
from gwpy.table import EventTable
from hveto import core

PRIMARY, FLAG = "H1:GDS-CALIB_STRAIN", "H1:OBSERVING:1"
#: The largest number of rounds that are followed.
ROUNDS = 10
READ = """trigger-generator = omicron
frequency-range = 0, 8192
read-format = hdf5
read-path = triggers
read-columns = time, frequency, snr"""


def table(rows: list[list[float]], channel: str) -> EventTable:
    columns = [list(column) for column in zip(*sorted(rows), strict=True)]
    return EventTable([*columns, [channel] * len(rows)], names=["time", "frequency", "snr", "channel"])


def rounds(job: dict) -> list[dict]:
    """Follow the order of hveto's main program: winner, vetoes, the rest of the time, again."""
    left = table(job["primary"], PRIMARY)
    auxiliary = {name: table(rows, name) for name, rows in job["auxiliary"].items() if rows}
    segments = SegmentList(Segment(a, b) for a, b in job["segments"])
    won = []
    while len(left) and auxiliary and len(won) < ROUNDS:
        winner, _ = core.find_max_significance(
            left, auxiliary, PRIMARY, job["snrs"], job["windows"], float(abs(segments))
        )
        if winner.significance < job["least"]:
            break
        own = auxiliary[winner.name]
        vetoes = winner.get_segments(own["time"][own["snr"] >= winner.snr])
        left, _ = core.veto(left, vetoes)
        auxiliary = {name: rest for name, rest in core.veto_all(auxiliary, vetoes).items() if len(rest)}
        segments -= SegmentList(vetoes).coalesce()
        won.append({"channel": winner.name, "significance": winner.significance, "window": winner.window})
    return won


def command(job: dict) -> list[dict]:
    """Write the triggers to files, run `hveto` on them, and read the winners off its log."""
    start, end = math.floor(job["segments"][0][0]), math.ceil(job["segments"][-1][1])
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)

        def cache(channels: dict[str, list[list[float]]]) -> str:
            paths = []
            for channel, rows in channels.items():
                tag = channel.split(":")[1].replace("-", "_")
                paths.append(folder / f"H1-{tag}_OMICRON-{start}-{end - start}.h5")
                columns = np.rec.fromarrays(np.transpose(rows), names="time,frequency,snr")
                with h5py.File(paths[-1], "w") as file:
                    file["triggers"] = columns
            listed = folder / f"{len(channels)}.txt"
            listed.write_text("".join(f"{path}\n" for path in paths))
            return str(listed)

        flag = DataQualityFlag(FLAG, active=job["segments"], known=[[start, end]])
        DataQualityDict({FLAG: flag}).write(str(folder / "segments.xml"), format="ligolw")
        settings = {key: ", ".join(map(str, job[key])) for key in ("snrs", "windows")}
        (folder / "hveto.ini").write_text(
            f"[hveto]\nsnr-thresholds = {settings['snrs']}\ntime-windows = {settings['windows']}\n"
            f"minimum-significance = {job['least']}\n"
            f"[primary]\nchannel = {PRIMARY}\nsnr-threshold = 6\n{READ}\n[auxiliary]\n{READ}\n"
            f"[segments]\nanalysis-flag = {FLAG}\nurl = none\npadding = 0, 0\n[safety]\nunsafe-channels =\n"
        )
        program = [
            sys.executable,
            "-m",
            "hveto",
            str(start),
            str(end),
            "-i",
            "H1",
            "-f",
            str(folder / "hveto.ini"),
        ]
        program += ["-p", cache({PRIMARY: job["primary"]}), "-a", cache(job["auxiliary"])]
        program += ["-S", str(folder / "segments.xml"), "-o", str(folder / "out")]
        subprocess.run(program, check=True, capture_output=True, cwd=folder)
        log = (folder / "out/hveto.log").read_text()
    found = re.findall(r"winner : +(\S+)\s+significance : +(\S+).*?dt : +(\S+)", log, re.DOTALL)
    return [{"channel": c, "significance": float(s), "window": float(w)} for c, s, w in found]


def counted(job: dict) -> int:
    both = [table(job["primary"], PRIMARY), *(table(r, name) for name, r in job["auxiliary"].items())]
    (window,) = job["windows"]
    found = core.find_all_coincidences(core.vstack_tables(both), PRIMARY, job["snrs"], [window])
    (by_channel,) = found.values()
    return sum(by_channel.values())


def main() -> None:
    jobs = json.loads(Path(sys.argv[1]).read_text())
    answers = [{"rounds": rounds, "command": command, "count": counted}[job["what"]](job) for job in jobs]
    Path(sys.argv[2]).write_text(json.dumps(answers))


if __name__ == "__main__":
    main()
