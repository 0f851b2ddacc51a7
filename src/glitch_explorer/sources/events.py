"""Known events: astrophysical signals and hardware injections, which are not glitches."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from gwosc.api import DEFAULT_URL
from gwosc.api import v2 as gwosc_api

from glitch_explorer.core import tables
from glitch_explorer.core.detectors import DETECTORS
from glitch_explorer.core.errors import UserError
from glitch_explorer.sources import retry
from glitch_explorer.sources.retry import RetryPolicy
from glitch_explorer.sources.schemas import EVENTS

#: Values of the column `kind`.
KINDS = ("event", "injection")
#: Words in the names of catalogues whose candidates are not taken as astrophysical.
_UNSURE = ("marginal", "preliminary", "auxiliary")


def read_events(
    *,
    files: Sequence[str | Path],
    gwosc: bool,
    detectors: Sequence[str],
    start: float | None = None,
    end: float | None = None,
    host: str = DEFAULT_URL,
    policy: RetryPolicy = retry.DEFAULT,
) -> pd.DataFrame:
    """Read known events from CSV files and, on request, from GWOSC's event catalogues.

    Parameters
    ----------
    files
        CSV with columns name, ifo (empty for all detectors), event_time (GPS s)
        and kind (event or injection).
    gwosc
        Whether to ask GWOSC too; only confident events are read.
    detectors
        Detectors of the study; events of other detectors have no effect.
    start, end
        First and last GPS second of the events returned; GWOSC needs both.
    host
        Server of GWOSC.
    policy
        Retries of requests to GWOSC.

    Returns
    -------
    DataFrame
        Table `events`, sorted by time, name and detector.

    Raises
    ------
    UserError
        When a file cannot be read, has wrong values or a detector that is none, when `gwosc` lacks `start`
        or `end`, or when GWOSC's answer cannot be parsed.
    SourceFault
        When GWOSC fails after all retries.
    """
    parts = [_read_csv(Path(file), detectors) for file in files]
    for file, part in zip(files, parts, strict=True):
        used = _within(part, start, end) & part["ifo"].isin(["", *detectors])
        tables.log_effect(f"event file {file}", used, "are of the study's detectors and time")
    if gwosc:
        if start is None or end is None:
            raise UserError(
                "events.gwosc needs a range of time: set both values of source.gps, or events.gwosc: false"
            )
        parts.append(_gwosc_events(start, end, host, policy))
    events = tables.joined(EVENTS, parts)
    return (
        events[_within(events, start, end)]
        .drop_duplicates()
        .sort_values(["event_time", "name", "ifo"], ignore_index=True)
    )


def _within(events: pd.DataFrame, start: float | None, end: float | None) -> pd.Series:
    """Return which events lie between the first and last GPS second."""
    return events["event_time"].between(-np.inf if start is None else start, np.inf if end is None else end)


def _read_csv(path: Path, detectors: Sequence[str]) -> pd.DataFrame:
    frame: pd.DataFrame = tables.read_csv(path, texts=("name", "ifo", "kind"), required=EVENTS.names)[
        EVENTS.names
    ]
    frame["ifo"] = frame["ifo"].str.strip().str.upper()
    frame["event_time"] = pd.to_numeric(frame["event_time"], errors="coerce")
    for row, (_, event) in enumerate(frame.iterrows(), start=1):
        if not np.isfinite(event["event_time"]):
            raise UserError(
                f"event file {path}, row {row} after the header: event_time is not a number (GPS seconds)"
            )
        if event["ifo"] not in {"", *DETECTORS, *detectors}:
            raise UserError(
                f"event file {path}, row {row} after the header: ifo {event['ifo']!r} is no detector; write "
                "a prefix such as H1, or nothing for all detectors"
            )
        if event["kind"] not in KINDS:
            raise UserError(
                f"event file {path}, row {row} after the header: kind {event['kind']!r} is not "
                f"{' or '.join(KINDS)}"
            )
    return frame


def _gwosc_events(start: float, end: float, host: str, policy: RetryPolicy) -> pd.DataFrame:
    """Return the confident events of all catalogues, each once, in its latest version."""
    versions = policy.ask(
        lambda: list(gwosc_api.fetch_event_versions(segment=(int(start), int(np.ceil(end))), host=host)),
        what=f"GWOSC at {host}, events",
        # The client retries by itself.
        deadline_s=gwosc_api.MAX_RETRIES * policy.timeout_s,
    )
    latest: dict[str, tuple[int, float]] = {}
    for event in versions:
        name, version = str(event["name"]), int(event["version"])
        if any(word in str(event["catalog"]).lower() for word in _UNSURE):
            continue
        if name not in latest or version > latest[name][0]:
            latest[name] = (version, float(event["gps"]))
    rows = [(name, "", gps, "event") for name, (_, gps) in latest.items()]
    return pd.DataFrame(rows, columns=EVENTS.names)
