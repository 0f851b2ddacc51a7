"""Vetoes made of a family's best witness, and their files for those who use hveto and gwpy."""

import gzip
import io
from dataclasses import dataclass
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
from gwpy.segments import DataQualityDict, DataQualityFlag
from igwn_ligolw.ligolw import LIGO_LW, Document, Table
from igwn_ligolw.lsctables import SegmentDefTable

from glitch_explorer.core import files
from glitch_explorer.core.arrays import Float32, Float64
from glitch_explorer.core.intervals import complement, subtract, union
from glitch_explorer.coupling.channels.bands import BIN_S
from glitch_explorer.coupling.channels.feature_set import FeatureSet
from glitch_explorer.coupling.channels.live_time import LiveTime
from glitch_explorer.coupling.witnesses.background import family_background
from glitch_explorer.coupling.witnesses.effects import QUANTILE
from glitch_explorer.coupling.witnesses.ranks import align, delays_s, window_mask, windows
from glitch_explorer.coupling.witnesses.search import ALPHA
from glitch_explorer.impact.reasons import Reason

#: Seconds added on both sides of what a cell vetoes: lags are whole seconds.
PAD_S = 0.5
#: Least half width of a glitch's gate, s (METHODS §8).
LEAST_GATE_S = 0.5


@dataclass(frozen=True)
class Veto:
    """Veto segments ``(k, 2)`` within the live time ``(j, 2)``, GPS s, and the row of table "vetoes"."""

    segments: Float64
    live: Float64
    row: dict[str, object]


def best_witness(witnesses: pd.DataFrame) -> pd.Series | None:
    """Give the row of table "family_witnesses" with the lowest p_fwer, then the largest abs(T).

    Unsafe channels are never taken. None where no p is at most 0.05.
    """
    ranked = witnesses[(witnesses["p_fwer"] <= ALPHA) & (witnesses["safety"] != "unsafe")]
    if ranked.empty:
        return None
    order = ranked.assign(size=-ranked["t_peak"].abs()).sort_values(["p_fwer", "size", "channel", "band"])
    best: pd.Series = ranked.loc[order.index[0]]
    return best


def family_veto(
    features: FeatureSet, family: pd.DataFrame, chosen: Float64, quiet: Float64, witnesses: pd.DataFrame
) -> Veto:
    """Make the veto of one family in one detector.

    Parameters
    ----------
    features
        Features over the family's live time.
    family
        Its glitches there: event_time, duration_s.
    chosen
        GPS times of those that its witnesses were found with: their background gives the threshold.
    quiet
        ``(k, 2)`` stretches that keep clear of every glitch.
    witnesses
        Rows of table "family_witnesses" of this detector.
    """
    live = features.live.intervals
    best = best_witness(witnesses)
    if best is None:
        return no_veto(live, family, Reason.NO_WITNESS)
    background = family_background(features.live, chosen, quiet)
    if background is None:
        return no_veto(live, family, Reason.NO_BACKGROUND)
    here = (features.columns["channel"] == best["channel"]) & (features.columns["band"] == best["band"])
    place = int(np.flatnonzero(here.to_numpy())[0])
    score = np.float32(1.0 if best["t_peak"] >= 0 else -1.0) * features.values[:, place : place + 1]
    align(score, features.live, delays_s(features.columns["settling_s"].to_numpy(dtype=float)[[place]]))
    limit = threshold(score, features.live, background.mask)
    segments = veto_segments(features.live.bins[score[:, 0] >= limit], float(best["lag"]), live)
    named = {name: best[name] for name in ("channel", "band", "lag")}
    row = {**named, "threshold": limit, **effect(segments, live, family), "reason": ""}
    return Veto(segments, live, row)


def no_veto(live: Float64, family: pd.DataFrame, reason: Reason) -> Veto:
    """Return an empty veto with the reason for it."""
    nothing = np.empty((0, 2))
    row = {"channel": "", "band": "", "lag": np.nan, "threshold": np.nan, **effect(nothing, live, family)}
    return Veto(nothing, live, row | {"efficiency": np.nan, "deadtime": np.nan, "reason": reason})


def threshold(score: Float32, live: LiveTime, background: np.ndarray) -> float:
    """Give the background's 99 % quantile of windows of a score ``(n, 1)``, as witnesses have it."""
    held = windows(score, live)[0][window_mask(background)]
    return float(np.quantile(held[~np.isnan(held)], QUANTILE))


def veto_segments(flagged: np.ndarray, lag: float, live: Float64) -> Float64:
    """Give the time in which glitches are expected.

    A cell that lights up `lag` seconds after a glitch (before it, where negative) vetoes from its start to
    its end, less the lag, half a second more on both sides.

    Parameters
    ----------
    flagged
        ``(k,)`` grid indices of the cells at or above the threshold.
    live
        ``(j, 2)`` sorted, disjoint; what is outside is cut off.
    """
    at = flagged * BIN_S - lag
    spans = union(np.column_stack([at - PAD_S, at + BIN_S + PAD_S]))
    dead = complement(live)
    return np.concatenate([np.empty((0, 2)), *(subtract(a, b, dead) for a, b in spans)])


def effect(segments: Float64, live: Float64, family: pd.DataFrame) -> dict[str, object]:
    """Count what the segments veto: columns n_segments … efficiency_over_deadtime of table "vetoes".

    A glitch is vetoed where its gate, half its duration and at least 0.5 s to both sides, meets a segment.
    """
    times = family["event_time"].to_numpy(dtype=float)
    half = np.maximum(family["duration_s"].fillna(0).to_numpy(dtype=float) / 2, LEAST_GATE_S)
    inside = _meets(times, times, live)
    hit = int(_meets(times - half, times + half, segments)[inside].sum())
    n, seconds = int(inside.sum()), float(np.diff(live, axis=1).sum())
    vetoed = float(np.diff(segments, axis=1).sum())
    efficiency, deadtime = hit / n if n else np.nan, vetoed / seconds if seconds else np.nan
    return {
        "n_segments": len(segments),
        "vetoed_s": vetoed,
        "live_time_s": seconds,
        "n_timed": len(times),
        "n_glitches": n,
        "n_vetoed": hit,
        "efficiency": efficiency,
        "deadtime": deadtime,
        "efficiency_over_deadtime": efficiency / deadtime if vetoed else np.nan,
    }


def _meets(start: Float64, end: Float64, spans: Float64) -> np.ndarray:
    """Say which [start, end] share a point with sorted, disjoint spans."""
    first = np.searchsorted(spans[:, 1], start, side="left")
    met: np.ndarray = np.append(spans[:, 0], np.inf)[first] <= end
    return met


def write_veto(veto: Veto, folder: str | Path, *, family: str, ifo: str) -> None:
    """Write the segments as ``<ifo>-<family>.xml.gz`` (LIGO_LW), ``.h5`` (gwpy) and ``.txt`` (two columns).

    The flag is called ``<ifo>:<family>-VETO:1``; its known time is the live time of the family. Neither file
    says who wrote it nor when: the same segments are the same bytes.
    """
    place = Path(folder)
    flag = DataQualityFlag(
        f"{ifo}:{family}-VETO:1",
        active=veto.segments.tolist(),
        known=veto.live.tolist(),
        description=f"{veto.row['channel']} {veto.row['band']}",
    )
    files.write_bytes(place / f"{ifo}-{family}.xml.gz", gzip.compress(_ligolw(flag), mtime=0))
    stored = io.BytesIO()
    with h5py.File(stored, "w") as group:
        flag.write(group, format="hdf5")
    files.write_bytes(place / f"{ifo}-{family}.h5", stored.getvalue())
    lines = [f"{start:.6f} {end:.6f}\n" for start, end in veto.segments]
    files.write_text(place / f"{ifo}-{family}.txt", "".join(lines))


def _ligolw(flag: DataQualityFlag) -> bytes:
    """Give a flag as LIGO_LW XML: rows numbered from 0, and the end of its known time for the clock's."""
    Table.reset_next_ids()
    tables = DataQualityDict({flag.name: flag}).to_ligolw_tables()
    document, text = Document(), io.StringIO()
    # Not `flag.write(document)`: gwpy 4.1 also leaves a file that is called like the object.
    element = document.appendChild(LIGO_LW())
    for table in tables:
        element.appendChild(table)
    for row in SegmentDefTable.get_table(document):
        row.insertion_time = int(flag.known[-1][1])
    document.write(text)
    return text.getvalue().encode()
