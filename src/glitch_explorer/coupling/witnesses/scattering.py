"""Scattered light: a family's frequencies against the speed of a moving surface.

Light that scatters off a surface moving with speed v returns with fringes at
f = 2 m |v| / lambda, m = 1, 2, … for each round trip (Accadia 2010; Soni 2021).
See docs/explanation/methods.md#scattered-light.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from glitch_explorer.core import tables
from glitch_explorer.core.arrays import Float64, Int64, Object
from glitch_explorer.core.statistics import share_above, wilson_interval
from glitch_explorer.coupling.channels.fetch import ChannelReader
from glitch_explorer.coupling.channels.lists import METRES
from glitch_explorer.coupling.schemas import ALPHA, FRINGES, SCATTERING
from glitch_explorer.coupling.witnesses.slides import LEAST_GLITCHES

#: Families with a median frequency below this are tested: light scattered off moving optics is seen
#: no higher (Soni 2021).
SCATTERING_BELOW_HZ = 200.0
#: Laser wavelength, m.
WAVELENGTH_M = 1.064e-6
#: Numbers of round trips.
HARMONICS = (1, 2, 3, 4)
#: A fringe frequency within this factor of the observed one is a match.
MATCH_FACTOR = 1.2
#: A family is scattered light only if at least this share of its glitches match.
LEAST_MATCHED = 0.2
#: Mismatch is clipped to this, so that a glitch of another origin does not dominate the mean.
_LARGEST_MISMATCH = float(np.log(2.0))
#: The speed is the largest within half the duration of the event, and at least within this, s.
_LEAST_REACH_S = 0.5
#: Least offset of a time slide, s: with a smaller one a slide would keep the phase of slow motion.
LEAST_OFFSET_S = 61.0


@dataclass(frozen=True)
class Displacement:
    """Contiguous data of a displacement channel."""

    #: GPS seconds of the first sample.
    start: float
    rate_hz: float
    #: ``(n,)`` metres; NaN where there are no data.
    metres: Float64

    @property
    def length_s(self) -> float:
        """Length in seconds."""
        return len(self.metres) / self.rate_hz


def fringe_hz(displacement_m: Float64, rate_hz: float) -> Float64:
    """Predict the first-harmonic fringe frequency of scattered light, f = 2 v / lambda (Accadia 2010).

    Parameters
    ----------
    displacement_m
        ``(n,)`` displacement of the scattering surface in m.
    rate_hz
        Sample rate in Hz.

    Returns
    -------
    numpy.ndarray
        ``(n,)`` frequency at each sample in Hz.
    """
    speed = np.gradient(displacement_m) * rate_hz
    return np.asarray(2.0 * np.abs(speed) / WAVELENGTH_M)


def _reach_s(durations: Float64) -> Float64:
    """Return the seconds around an event in which the speed counts."""
    return np.maximum(np.nan_to_num(durations) / 2, _LEAST_REACH_S)


def predicted_hz(motion: Displacement, times: Float64, durations: Float64) -> Float64:
    """Compute the highest first-harmonic fringe frequency around each event ``(n,)``; NaN without samples.

    Parameters
    ----------
    motion
        Data of the channel.
    times, durations
        ``(n,)`` GPS times and durations of the events, s.
    """
    fringe = fringe_hz(motion.metres, motion.rate_hz)
    reach = _reach_s(durations)
    highest = np.full(len(times), np.nan)
    first = np.ceil((times - reach - motion.start) * motion.rate_hz).astype(np.int64)
    last = np.floor((times + reach - motion.start) * motion.rate_hz).astype(np.int64) + 1
    inside = np.flatnonzero((first >= 0) & (first < last) & (last <= len(fringe)))
    # Every other maximum is an event's; NaN propagates. The last event may end at the zero that is appended.
    edges = np.column_stack([first[inside], last[inside]]).ravel()
    highest[inside] = np.maximum.reduceat(np.append(fringe, 0.0), edges)[::2] if len(edges) else []
    return highest


def mismatch(observed_hz: Float64, predicted: Float64) -> tuple[Float64, Int64]:
    """Return |ln(observed / predicted)| of the best harmonic, at most ln 2, and that harmonic."""
    harmonics = np.array(HARMONICS)
    with np.errstate(divide="ignore"):
        away = np.abs(np.log(observed_hz)[..., None] - np.log(predicted[..., None] * harmonics))
    away = np.where(np.isnan(away), np.inf, away)
    best = np.where(np.isnan(predicted), np.nan, np.minimum(away.min(axis=-1), _LARGEST_MISMATCH))
    return best, harmonics[away.argmin(axis=-1)]


def _slides_hz(
    motion: Displacement, times: Float64, durations: Float64, *, slides: int, rng: np.random.Generator
) -> Float64:
    """Predict at time slides ``(slides, n)``: all events shifted circularly by one offset per slide."""
    step = _LEAST_REACH_S / 2
    offsets = rng.uniform(LEAST_OFFSET_S, motion.length_s - LEAST_OFFSET_S, slides)
    predicted = np.empty((slides, len(times)))
    grid = motion.start + np.arange(0.0, motion.length_s, step)
    rounded = np.exp2(np.round(np.log2(_reach_s(durations)) * 2) / 2)  # a few lengths serve all glitches
    for reach in np.unique(rounded):
        table = predicted_hz(motion, grid, np.full(len(grid), 2 * float(reach)))
        alike = rounded == reach
        bins = ((times[alike] - motion.start + offsets[:, None]) % motion.length_s) / step
        predicted[:, alike] = table[np.minimum(np.rint(bins).astype(np.int64), len(table) - 1)]
    return predicted


def _matches(
    motion: Displacement,
    times: Float64,
    durations: Float64,
    observed_hz: Float64,
    *,
    slides: int,
    rng: np.random.Generator,
) -> tuple[pd.DataFrame, Float64]:
    """Compare glitches with the fringes of contiguous data: rows of "fringes", and mismatches of slides."""
    predicted = predicted_hz(motion, times, durations)
    best, harmonic = mismatch(observed_hz, predicted)
    shifted = _slides_hz(motion, times, durations, slides=slides, rng=rng)
    null = mismatch(np.broadcast_to(observed_hz, shifted.shape), shifted)[0]
    rows = {
        "event_time": times,
        "observed_hz": observed_hz,
        "predicted_hz": predicted * harmonic,
        "harmonic": harmonic,
        "mismatch": best,
        "match": best <= np.log(MATCH_FACTOR),
    }
    known = ~np.isnan(best)
    return pd.DataFrame(rows)[known], null[:, known]


def scattering(
    times: Float64,
    durations: Float64,
    observed_hz: Float64,
    motions: Sequence[Displacement],
    *,
    slides: int,
    seed: int,
) -> tuple[dict[str, float], pd.DataFrame]:
    """Compare a family's peak frequencies with the fringes of one displacement channel.

    Parameters
    ----------
    times, durations, observed_hz
        ``(n,)`` GPS seconds, seconds (NaN where unknown), Hz; glitches without a positive frequency are
        left out.
    motions
        The channel's contiguous data; those shorter than three least offsets have no time slides and are
        left out.
    slides, seed
        Number of time slides, with one offset for each of `motions`, and their seed.

    Returns
    -------
    dict
        Columns n_glitches, matched with its interval, matched_slides and p_value of table "scattering"; NaN
        below `LEAST_GLITCHES`. All of them refer to one statistic, the share of the glitches that match.
    DataFrame
        Columns event_time, observed_hz, predicted_hz, harmonic, mismatch and match of table "fringes", one
        row per glitch with data.
    """
    rng = np.random.default_rng(seed)
    parts, nulls = [], []
    for motion in motions:
        inside = (times >= motion.start) & (times < motion.start + motion.length_s) & (observed_hz > 0)
        if motion.length_s < 3 * LEAST_OFFSET_S or not inside.any():
            continue
        part, null = _matches(
            motion, times[inside], durations[inside], observed_hz[inside], slides=slides, rng=rng
        )
        parts.append(part)
        nulls.append(null)
    table = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()
    null = np.concatenate(nulls, axis=1) if nulls else np.empty((slides, 0))
    return {"n_glitches": len(table), **_share_of_matches(table, null)}, table


def _share_of_matches(table: pd.DataFrame, null: Float64) -> dict[str, float]:
    """Return the share of glitches that match, its interval, that of slides, and p."""
    n = len(table)
    if n < LEAST_GLITCHES:
        unknown = ("matched", "matched_low", "matched_high", "matched_slides", "p_value")
        return dict.fromkeys(unknown, np.nan)
    # A comparison with NaN is false; a slide's share is one of its glitches with data, as the family's is.
    shares = (null <= np.log(MATCH_FACTOR)).sum(axis=1) / np.maximum((~np.isnan(null)).sum(axis=1), 1)
    hits = int(table["match"].sum())
    low, high = wilson_interval(hits, n)
    return {
        "matched": hits / n,
        "matched_low": low,
        "matched_high": high,
        "matched_slides": float(shares.mean()),
        "p_value": float(share_above(np.array([hits / n]), shares)[0]),
    }


def _answers(table: pd.DataFrame) -> Object:
    """Return for each channel whether the family is light scattered off it: yes, no or too few."""
    yes = (
        (table["p_fwer"] <= ALPHA)
        & (table["matched"] >= LEAST_MATCHED)
        & (table["matched_low"] > table["matched_slides"])
    )
    return np.select([table["p_value"].isna(), yes], ["too few", "yes"], "no")


def family_fringes(
    glitches: pd.DataFrame,
    live: Float64,
    channels: pd.DataFrame,
    reader: ChannelReader,
    *,
    slides: int,
    seed: int,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Compare a family with the fringes of every displacement channel.

    Parameters
    ----------
    glitches
        The family's rows of table "members" in this detector.
    live
        ``(k, 2)`` live time of the family, GPS seconds.
    channels
        The displacement channels' rows of table "channels".
    reader
        Reader of these channels.
    slides, seed
        Number of time slides and their seed.

    Returns
    -------
    DataFrame, DataFrame
        Tables "scattering" and "fringes" without family and ifo; empty where the family's median
        frequency is `SCATTERING_BELOW_HZ` or more, or unknown, or there is no such channel.
    """
    times, durations, observed = (
        glitches[name].to_numpy(dtype=float) for name in ("event_time", "duration_s", "peak_frequency_hz")
    )
    median = np.nanmedian(observed) if np.isfinite(observed).any() else np.inf
    empty, fringes = (
        tables.empty(schema).drop(columns=["family", "ifo"]) for schema in (SCATTERING, FRINGES)
    )
    if median >= SCATTERING_BELOW_HZ or channels.empty:
        return empty, fringes
    motions = _displacements(channels, live, reader)
    slides = max(slides, int(np.ceil(len(channels) / ALPHA)))  # what one significant channel needs
    rows, parts = [], []
    ids = glitches.drop_duplicates("event_time").set_index("event_time")["glitch_id"]
    for number, channel in enumerate(channels["channel"]):
        row, part = scattering(
            times, durations, observed, motions[channel], slides=slides, seed=seed + number
        )
        rows.append({"channel": channel, **row})
        if len(part):
            parts.append(part.assign(channel=channel, glitch_id=part["event_time"].map(ids)))
    table = pd.DataFrame(rows)
    table["p_fwer"] = np.minimum(table["p_value"] * table["p_value"].notna().sum(), 1.0)
    table["n_slides"], table["answer"] = slides, _answers(table)
    return table, pd.concat(parts, ignore_index=True) if parts else fringes


def _displacements(
    channels: pd.DataFrame, live: Float64, reader: ChannelReader
) -> dict[str, list[Displacement]]:
    """Read the displacement channels over the live time, in metres."""
    motions: dict[str, list[Displacement]] = {channel: [] for channel in channels["channel"]}
    for start, end in live[np.diff(live, axis=1).ravel() >= LEAST_OFFSET_S].tolist():
        reader.advance(start, end)
        for _, rows in channels.groupby("rate_hz", sort=True):
            rate = float(rows["rate_hz"].iloc[0])
            samples, _ = reader.samples(rows["channel"].tolist(), start, end)
            for channel, unit, values in zip(rows["channel"], rows["unit"], samples, strict=True):
                motions[channel].append(Displacement(start, rate, values * METRES[unit]))
    return motions
