"""Known events: real signals and injections that are no glitches."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from gwosc.api import v2 as gwosc_api

from glitch_explorer.core.errors import UserError
from glitch_explorer.sources.retry import insist
from glitch_explorer.sources.schemas import EVENTS

#: What the column `kind` may say.
KINDS = ("event", "injection")
#: Catalogues whose candidates are not taken for real signals.
_UNSURE = ("marginal", "preliminary", "auxiliary")


def read_events(
    *,
    files: Sequence[str | Path],
    gwosc: bool,
    start: float | None = None,
    end: float | None = None,
    timeout_s: float = 60.0,
    retries: int = 3,
    host: str = "https://gwosc.org",
) -> pd.DataFrame:
    """Read known events from CSV files and, on request, from GWOSC's event catalogues.

    Parameters
    ----------
    files
        CSV with columns name, ifo (empty for all detectors), event_time (GPS s)
        and kind (event or injection).
    gwosc
        Ask GWOSC too; marginal candidates are left out.
    start, end
        GPS seconds to cut to, both included; needed for GWOSC.
    timeout_s, retries
        Longest silence of the service, and failures in a row put up with.
    host
        Server of GWOSC.

    Returns
    -------
    DataFrame
        Table `events`, sorted by time, name and detector.

    Raises
    ------
    UserError
        When a file does not fit.
    SourceFault
        When the service stays away.
    """
    parts = [_read_csv(Path(file)) for file in files]
    if gwosc:
        if start is None or end is None:
            raise UserError("events.gwosc: GWOSC wants a start and an end; give both")
        parts.append(_ask_gwosc(start, end, timeout_s=timeout_s, retries=retries, host=host))
    columns = EVENTS.names
    types = {"name": str, "ifo": str, "event_time": float, "kind": str}
    events = pd.concat([pd.DataFrame(columns=columns).astype(types), *parts], ignore_index=True)
    if start is not None:
        events = events[events["event_time"] >= start]
    if end is not None:
        events = events[events["event_time"] <= end]
    events = events.drop_duplicates().sort_values(["event_time", "name", "ifo"])
    table: pd.DataFrame = events[columns].reset_index(drop=True)
    return table


def _read_csv(path: Path) -> pd.DataFrame:
    wanted = EVENTS.names
    try:
        frame = pd.read_csv(path, dtype={"name": str, "ifo": str, "kind": str}, keep_default_na=False)
    except (OSError, ValueError, pd.errors.ParserError) as problem:
        raise UserError(f"event file {path} cannot be read: {problem}") from problem
    missing = [column for column in wanted if column not in frame.columns]
    if missing:
        raise UserError(f"event file {path} has no column {', '.join(missing)}; it has {list(frame.columns)}")
    frame = pd.DataFrame(frame, columns=wanted)
    frame["event_time"] = pd.to_numeric(frame["event_time"], errors="coerce")
    for row, event in frame.iterrows():
        if not np.isfinite(event["event_time"]):
            raise UserError(f"event file {path}, row {row}: event_time is no GPS time")
        if event["kind"] not in KINDS:
            raise UserError(
                f"event file {path}, row {row}: kind {event['kind']!r} is not {' or '.join(KINDS)}"
            )
    return frame


def _ask_gwosc(start: float, end: float, *, timeout_s: float, retries: int, host: str) -> pd.DataFrame:
    """Give the confident events of all catalogues, each once, in its latest version."""
    found = insist(
        lambda: list(gwosc_api.fetch_event_versions(segment=(int(start), int(np.ceil(end))), host=host)),
        what=f"GWOSC at {host}, events",
        retries=retries,
        # The client pauses and asks again by itself.
        timeout_s=gwosc_api.MAX_RETRIES * timeout_s,
    )
    latest: dict[str, tuple[int, float]] = {}
    for event in found:
        name, version = str(event["name"]), int(event["version"])
        if any(word in str(event["catalog"]).lower() for word in _UNSURE):
            continue
        if name not in latest or version > latest[name][0]:
            latest[name] = (version, float(event["gps"]))
    rows = [(name, "", gps, "event") for name, (_, gps) in latest.items()]
    return pd.DataFrame(rows, columns=["name", "ifo", "event_time", "kind"]).astype({"event_time": float})
