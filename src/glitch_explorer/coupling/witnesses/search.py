"""Witnesses of one family in one detector, without slow drivers and scattered light.

See docs/explanation/methods.md#t-statistic and the sections after it.
"""

import itertools
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd

from glitch_explorer.core import tables
from glitch_explorer.core.arrays import Bool, Float32, Float64, Int64
from glitch_explorer.core.statistics import count_above
from glitch_explorer.coupling.channels.bands import BIN_S
from glitch_explorer.coupling.channels.feature_set import FeatureSet
from glitch_explorer.coupling.schemas import ALPHA, FAMILY_WITNESSES, LAG_PROFILES, PSEUDO_FAMILIES
from glitch_explorer.coupling.witnesses import effects, lag_profiles
from glitch_explorer.coupling.witnesses.background import Background, family_background
from glitch_explorer.coupling.witnesses.blocks import bootstrap_blocks
from glitch_explorer.coupling.witnesses.notes import NO_DATA, TOO_DENSE, Note, notes, too_few
from glitch_explorer.coupling.witnesses.nulls import Measured, areas, live_placements, measure
from glitch_explorer.coupling.witnesses.p_values import counted_p_values
from glitch_explorer.coupling.witnesses.pseudo_families import pseudo_families, pseudo_p_values
from glitch_explorer.coupling.witnesses.ranks import (
    STEP,
    make_grid,
    window_mask,
    windows,
)
from glitch_explorer.coupling.witnesses.slides import (
    LEAST_GLITCHES,
    TimeSlides,
    distinct_slides,
    make_triggers,
    time_slides,
)
from glitch_explorer.coupling.witnesses.usable import usable_features

#: Keys added to the seed, so that each random stream has one purpose.
_SLIDES, _PSEUDO, _MORE = range(3)


@dataclass(frozen=True)
class WitnessResult:
    """Witnesses of one family in one detector: tables without its family and ifo."""

    #: Table "family_witnesses".
    table: pd.DataFrame
    #: Table "lag_profiles".
    profiles: pd.DataFrame
    #: Table "pseudo_families".
    pseudo: pd.DataFrame
    #: What was tested and what was not, as codes with facts.
    notes: list[Note]


@dataclass(frozen=True)
class _Family:
    """Data and settings of one family's test."""

    features: FeatureSet
    #: ``(t,)`` GPS times, starts, and durations in s, in order of time.
    times: Float64
    starts: Float64
    durations: Float64
    background: Background
    slides: TimeSlides
    #: ``(n,)`` block of each trigger.
    blocks: Int64
    seed: int
    threads: int


@dataclass(frozen=True)
class _Features:
    """The m features of one family's test."""

    #: Table with one row per feature (`usable_features`).
    columns: pd.DataFrame
    #: ``(n, m)`` values, and ``(m, n)`` their placement in all live time nearby.
    values: Float32
    placement: Float32

    @property
    def ranked(self) -> Bool:
        """Which features ``(m,)`` have a p-value: those of channels that are not unsafe."""
        return (self.columns["safety"] != "unsafe").to_numpy()

    def part(self, selected: Bool) -> "_Features":
        """Return some of the features; all of them without a copy."""
        if selected.all():
            return self
        columns = self.columns[selected].reset_index(drop=True)
        return _Features(columns, self.values[:, selected], self.placement[selected])


def find_witnesses(
    features: FeatureSet,
    family: pd.DataFrame,
    quiet: Float64,
    segments: Float64,
    channels: pd.DataFrame,
    *,
    slides: int,
    most_slides: int,
    pseudo: int,
    seed: int,
    threads: int,
) -> WitnessResult:
    """Find the witnesses of a family in one detector: features that change at its glitches.

    Parameters
    ----------
    features
        Features over the family's live time.
    family
        The family's glitches in this detector, with columns event_time, duration_s, and start_time (may be
        missing). Astrophysical signals and injections are left out.
    quiet
        ``(k, 2)`` quiet time around the family, GPS seconds (`map.members`).
    segments
        ``(k, 2)`` sorted analysis segments of the detector, GPS seconds.
    channels
        Columns channel and safety.
    slides, most_slides, pseudo
        Number of time slides at first, 500 or more, and at most; number of pseudo-families.
    seed, threads
        The result depends on the first only.

    Returns
    -------
    WitnessResult
        Tables of witnesses, lag profiles and pseudo-families, and notes.
    """
    prepared = _prepare(features, family, quiet, segments, slides=slides, seed=seed, threads=threads)
    if not isinstance(prepared, _Family):
        return _untested(prepared)
    columns, values = usable_features(features, channels)
    if columns.empty:
        return _untested(NO_DATA)
    nulls = pseudo_families(
        prepared.slides, prepared.times, prepared.background.mask, quiet, count=pseudo, seed=seed + _PSEUDO
    )
    families = [prepared.slides, *(null.slides for null in nulls)]
    tested = _Features(columns, values, live_placements(values, features.live, threads=threads))
    measured, *of_nulls = measure(list(tested.placement), families, threads=threads)
    enough = np.any(measured.count >= LEAST_GLITCHES, axis=1)
    if not enough.any():
        return _untested(NO_DATA)
    tested, measured = tested.part(enough), measured.part(enough)
    table, profiles = _tables(prepared, tested, measured, most_slides=most_slides)
    p_values = pseudo_p_values(nulls, [null.part(enough).part(tested.ranked) for null in of_nulls])
    return WitnessResult(table, profiles, p_values, _notes(prepared, table, p_values))


def _untested(note: Note) -> WitnessResult:
    """Return empty tables, with the reason."""
    table, profiles, pseudo = map(tables.empty, (FAMILY_WITNESSES, LAG_PROFILES, PSEUDO_FAMILIES))
    return WitnessResult(table, profiles, pseudo, [note])


def _notes(family: _Family, table: pd.DataFrame, pseudo: pd.DataFrame) -> list[Note]:
    """Return the notes on a family that has been tested."""
    return notes(
        table,
        total=len(family.times),
        usable=len(family.blocks),
        background=family.background,
        coverage=family.features.coverage,
        untested=family.features.columns["channel"].nunique() - table["channel"].nunique(),
        pseudo=pseudo,
    )


def start_times(family: pd.DataFrame) -> Float64:
    """Return the start of each glitch: start_time where known, else half its duration before its event."""
    starts = family["event_time"] - family["duration_s"].fillna(0) / 2
    if "start_time" in family:
        starts = family["start_time"].fillna(starts)
    return np.asarray(starts, dtype=float)


def _prepare(
    features: FeatureSet,
    family: pd.DataFrame,
    quiet: Float64,
    segments: Float64,
    *,
    slides: int,
    seed: int,
    threads: int,
) -> _Family | Note:
    """Prepare background, triggers and time slides, or return the note on why the family is not tested."""
    family = family.sort_values("event_time")
    times = family["event_time"].to_numpy(dtype=float)
    durations = family["duration_s"].fillna(0).to_numpy(dtype=float)
    live = features.live
    if len(times) < LEAST_GLITCHES or not len(live):
        return too_few(len(times) if len(live) else 0, len(times))
    background = family_background(live, times, quiet)
    if background is None:
        return TOO_DENSE
    grid = make_grid(live, background.lags_s)
    triggers = make_triggers(times, grid)
    if len(triggers.used) < LEAST_GLITCHES:
        return too_few(len(triggers.used), len(times))
    shifted = time_slides(triggers, grid, slides=slides, rng=np.random.default_rng([seed, _SLIDES]))
    blocks = bootstrap_blocks(times[triggers.used], segments)
    starts = start_times(family)
    return _Family(features, times, starts, durations, background, shifted, blocks, seed, threads)


def _tables(
    family: _Family, features: _Features, measured: Measured, *, most_slides: int
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Build the tables "family_witnesses" and "lag_profiles" of what was measured."""
    lags, columns, ranked = family.slides.grid.lags, features.columns, features.ranked
    auc = areas(features.values, family.background.mask, family.slides)
    largest = np.abs(measured.t).max(axis=1)
    null = measured.peaks[ranked].max(axis=0, initial=0.0).astype(float)
    limit = float(np.quantile(null, 1 - ALPHA, method="higher")) if ranked.any() else np.inf
    significant = np.abs(measured.t) > limit
    timings = _timings(family, features, measured, significant)
    rows = _effects(family, features.values, measured, timings)
    rows["auc"] = auc[np.arange(len(rows)), [timing.lag for timing in timings]]
    table = pd.concat([columns[["channel", "band", "safety", "coverage"]], rows], axis=1)
    table["p_fwer"] = np.nan
    table.loc[ranked, "p_fwer"], table["n_slides"] = _p_values(
        family,
        [features.placement[k] for k in np.flatnonzero(ranked)],
        measured.part(ranked),
        most=most_slides,
    )
    speaking = effects.representatives(
        table["channel"],
        table.pop("excess").tolist(),
        (table["p_fwer"] <= ALPHA).to_numpy(),
        family.blocks,
    )
    table = pd.concat([table, speaking], axis=1)
    table["n_alone"] = int(lag_profiles.isolated(family.times)[family.slides.triggers.used].sum())
    table["live_time_s"] = family.features.live.length_s
    order = np.lexsort((table["band"], table["channel"], -largest, ~ranked))
    profiles = pd.DataFrame(
        {
            "channel": np.repeat(columns["channel"].to_numpy(), len(lags)),
            "band": np.repeat(columns["band"].to_numpy(), len(lags)),
            "lag": np.tile(lags.astype(float), len(columns)),
            "auc": auc.ravel(),
            "t_statistic": measured.t.ravel(),
            "n_glitches": measured.count.ravel(),
            "survives": (significant & ranked[:, None]).ravel(),
        }
    )
    return table.iloc[order].reset_index(drop=True), profiles


def _p_values(
    family: _Family, placement: Sequence[Float32], measured: Measured, *, most: int
) -> tuple[Float64, int]:
    """Count the family-wise p of each ranked feature, and the slides that were drawn."""
    slides = family.slides
    drawn = measured.peaks.shape[1]
    stages = itertools.count(1)

    def more(size: int) -> Int64:
        rng = np.random.default_rng([family.seed + _MORE, next(stages)])
        shifted = time_slides(slides.triggers, slides.grid, slides=size, rng=rng)
        return _above(measure(placement, [shifted], threads=family.threads)[0])

    distinct = distinct_slides(slides.triggers, slides.grid)
    p_values, drawn = counted_p_values(_above(measured), drawn, int(min(most, max(distinct, drawn))), more)
    # Slides that hardly differ cannot resolve a smaller p.
    return np.maximum(p_values, 1 / (1 + distinct)), int(min(drawn, distinct))


def _above(measured: Measured) -> Int64:
    """Count for each feature the slides whose largest abs(T) over all features is at least as high."""
    null = measured.peaks.max(axis=0, initial=0.0).astype(float)
    return count_above(np.abs(measured.t).max(axis=1, initial=0.0), null)


def _timings(
    family: _Family, features: _Features, measured: Measured, significant: Bool
) -> list[lag_profiles.Timing]:
    """Time every feature; those with a significant lag are tested for whether they lead."""
    peaks = np.abs(measured.t).argmax(axis=1)
    timings = [lag_profiles.Timing(int(peak), int(peak), "", 0) for peak in peaks]
    timed = np.flatnonzero(significant.any(axis=1))
    if not len(timed):
        return timings
    live, grid = family.features.live, family.slides.grid
    largest = windows(features.values[:, timed], live)
    few = family.slides.part(lag_profiles.isolated(family.times)[family.slides.triggers.used])
    used = few.triggers.used
    window_end = (np.rint(family.times[used] / BIN_S) - 1 + STEP) * BIN_S
    # Data after the lag's window.
    reach = (features.columns["settling_s"] + features.columns["delay_s"]).to_numpy(dtype=float)
    leads = [
        lag_profiles.leading(features.placement[column], few, window_end, family.starts[used] - reach[column])
        for column in timed
    ]
    limit = np.quantile(np.max([peaks for _, peaks, _ in leads], axis=0), 1 - ALPHA, method="higher")
    half = float(np.median(family.durations)) / 2
    background = window_mask(family.background.mask)
    for k, column in enumerate(timed):
        t, (lead_t, _, count) = measured.t[column], leads[k]
        raised = lag_profiles.excess(largest[k], background, family.slides)
        lag = lag_profiles.onset(t, significant[column], raised)
        lead = (np.abs(lead_t) > limit) & (lead_t * t[peaks[column]] > 0)
        relation = lag_profiles.relation(lag, significant[column], lead, grid.lags, half)
        timings[column] = lag_profiles.Timing(lag, int(peaks[column]), relation, int(count[lag]))
    return timings


def _effects(
    family: _Family, values: Float32, measured: Measured, timings: list[lag_profiles.Timing]
) -> pd.DataFrame:
    """Compute every feature's effect at its lag."""
    effect = partial(_effect, family, values, measured, timings)
    with ThreadPoolExecutor(max(family.threads, 1)) as pool:
        return pd.DataFrame(list(pool.map(effect, range(values.shape[1]))))


def _effect(
    family: _Family, values: Float32, measured: Measured, timings: list[lag_profiles.Timing], k: int
) -> dict[str, object]:
    """Compute one feature's effect."""
    timing, live = timings[k], family.features.live
    sign = np.float32(1.0 if measured.t[k, timing.peak] >= 0 else -1.0)
    # A window's value is the larger of its two bins also where low values count: the sign is turned after.
    largest = sign * windows(values[:, k : k + 1], live)[0]
    rest = largest[window_mask(family.background.mask)]
    rest = rest[~np.isnan(rest)]
    threshold = float(np.quantile(rest, effects.QUANTILE)) if len(rest) else np.inf
    effect = effects.effect(largest, threshold, family.slides, timing.lag)
    triggers = effects.crossings(largest, live.times + BIN_S, threshold)
    primaries = family.times[family.slides.triggers.used]
    significance, overstated = effects.hveto(primaries, triggers, live_s=live.length_s)
    lags = family.slides.grid.lags
    return {
        "lag": float(lags[timing.lag]),
        "lag_peak": float(lags[timing.peak]),
        "t_statistic": measured.t[k, timing.lag],
        "t_peak": measured.t[k, timing.peak],
        **effect.columns(family.blocks),
        "excess": effect.excess,
        "hveto_significance": significance,
        "hveto_overstated": overstated,
        "relation": timing.relation,
        "n_glitches": int(measured.count[k, timing.lag]),
        "n_leading": timing.n_leading,
    }
