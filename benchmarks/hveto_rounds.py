"""Run hveto's own rounds on triggers from a JSON file; started by `hveto.py`, with a Python that has hveto.

Gives for each job the winners of its rounds; for a job without rounds, how many primaries hveto's search
finds coincident.
"""

import json
import sys
from pathlib import Path

from gwpy.segments import Segment, SegmentList
from gwpy.table import EventTable
from hveto import core

PRIMARY = "H1:PRIMARY"


def table(rows: list[list[float]], channel: str) -> EventTable:
    columns = [list(column) for column in zip(*sorted(rows), strict=True)]
    return EventTable([*columns, [channel] * len(rows)], names=["time", "frequency", "snr", "channel"])


def rounds(job: dict) -> list[dict]:
    """Follow the order of hveto's main program: winner, vetoes, the rest of the time, again."""
    left = table(job["primary"], PRIMARY)
    auxiliary = {name: table(rows, name) for name, rows in job["auxiliary"].items() if rows}
    segments = SegmentList(Segment(a, b) for a, b in job["segments"])
    won = []
    while len(left) and auxiliary and len(won) < job["rounds"]:
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


def counted(job: dict) -> int:
    both = [table(job["primary"], PRIMARY), *(table(r, name) for name, r in job["auxiliary"].items())]
    (window,) = job["windows"]
    found = core.find_all_coincidences(core.vstack_tables(both), PRIMARY, job["snrs"], [window])
    (by_channel,) = found.values()
    return sum(by_channel.values())


def main() -> None:
    jobs = json.loads(Path(sys.argv[1]).read_text())
    answers = [rounds(job) if job["rounds"] else counted(job) for job in jobs]
    Path(sys.argv[2]).write_text(json.dumps(answers))


if __name__ == "__main__":
    main()
