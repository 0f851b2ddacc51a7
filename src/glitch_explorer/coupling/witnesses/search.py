"""Witnesses of one family in one detector: the whole of METHODS §6 but slow drivers and scattered light."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd

from glitch_explorer.core import tables
from glitch_explorer.core.arrays import Bool, Float32, Float64, Int64
from glitch_explorer.coupling.channels.bands import CELL_S
from glitch_explorer.coupling.channels.features import FeatureSet
from glitch_explorer.coupling.schemas import FAMILY_WITNESSES, LAG_PROFILES, PSEUDO_FAMILIES
from glitch_explorer.coupling.witnesses import effects, notes
from glitch_explorer.coupling.witnesses import lag_profiles as profile
from glitch_explorer.coupling.witnesses.background import Background, family_background
from glitch_explorer.coupling.witnesses.groups import correlated_groups
from glitch_explorer.coupling.witnesses.null_families import Pseudo, pseudo_p_values, pseudo_trains
from glitch_explorer.coupling.witnesses.nulls import Measured, areas, measure, share_above
from glitch_explorer.coupling.witnesses.p_values import fit_tail
from glitch_explorer.coupling.witnesses.ranks import (
    STEP,
    align,
    delays_s,
    make_grid,
    placements,
    window_mask,
    windows,
)
from glitch_explorer.coupling.witnesses.slides import LEAST_GLITCHES, Slid, make_train, slide

#: Level at which a lag survives correction.
ALPHA = 0.05
#: A feature with less of the live time than this is not looked at.
LEAST_COVERAGE = 0.2
#: Purposes of the random streams.
_SLIDES, _PSEUDO, _TAIL, _BOOTSTRAP = range(4)


@dataclass(frozen=True)
class WitnessResult:
    """What was found for one family in one detector."""

    #: Table "family_witnesses", and each channel's `group` in this family's background.
    table: pd.DataFrame
    #: Table "lag_profiles".
    profiles: pd.DataFrame
    #: Table "pseudo_families": p-values of the null families.
    pseudo: pd.DataFrame
    #: What was not looked at and why, and what was found, in plain words.
    notes: list[str]


@dataclass(frozen=True)
class _Job:
    """Everything that is fixed for one family."""

    features: FeatureSet
    times: Float64
    starts_at: Float64
    durations: Float64
    background: Background
    slid: Slid
    blocks: Int64
    seed: int
    threads: int


def find_witnesses(
    features: FeatureSet,
    family: pd.DataFrame,
    quiet: Float64,
    segments: Float64,
    channels: pd.DataFrame,
    *,
    family_id: str,
    ifo: str,
    slides: int,
    pseudo: int,
    seed: int,
    threads: int,
    groups: dict[str, str] | None = None,
) -> WitnessResult:
    """Find which features light up with a family, when, and how sure that is.

    Parameters
    ----------
    features
        Features over the family's live time.
    family
        Its glitches in this detector: event_time, duration_s, and start_time where it is known.
        Real signals and injections are no part of it.
    quiet
        ``(k, 2)`` stretches around the family that keep clear of every glitch, signal and injection
        of the detector, GPS seconds (`map.members`).
    segments
        ``(k, 2)`` sorted analysis segments of the detector, GPS seconds.
    channels
        channel and safety.
    family_id, ifo
        Names for the tables.
    slides, pseudo
        Slides of the train, 500 or more; null families that the whole procedure is tried on.
    seed, threads
        The answer depends on the first only.
    groups
        Channel to group (`groups.correlated_groups`); from this family's background where None.
    """
    job = _prepare(features, family, quiet, segments, slides=slides, seed=seed, threads=threads)
    if isinstance(job, str):
        return _nothing(job)
    columns, values = _looked_at(features, channels)
    if columns.empty:
        return _nothing(notes.NO_DATA)
    nulls = _null_families(job, quiet, count=pseudo)
    trains = [job.slid, *(one.slid for one in nulls)]
    measured, *of_nulls = measure(values, features.cells, features.block, trains, threads=threads)
    heard = np.any(measured.count >= LEAST_GLITCHES, axis=1)  # data at enough glitches
    if not heard.any():
        return _nothing(notes.NO_DATA)
    columns, values, measured = columns[heard].reset_index(drop=True), values[:, heard], measured.part(heard)
    ranked = (columns["safety"] != "unsafe").to_numpy()
    columns["group"] = _groups(job, columns["channel"], values, groups)
    table, profiles = _answer(job, columns, values, measured, ranked)
    tested = pseudo_p_values(nulls, [found.part(heard).part(ranked) for found in of_nulls])
    said = _notes(job, table, tested, given=len(family))
    key = {"family": family_id, "ifo": ifo}
    return WitnessResult(
        table=table.assign(**key)[[*FAMILY_WITNESSES.names, "group"]],
        profiles=profiles.assign(**key)[LAG_PROFILES.names],
        pseudo=tested.assign(**key)[PSEUDO_FAMILIES.names],
        notes=said,
    )


def _looked_at(features: FeatureSet, channels: pd.DataFrame) -> tuple[pd.DataFrame, Float32]:
    """Choose the features that have data and change, and take off their delays."""
    columns = features.columns.reset_index(drop=True)
    columns = columns.merge(channels[["channel", "safety"]], on="channel", how="left", validate="many_to_one")
    columns["safety"] = columns["safety"].fillna("unknown")
    columns["coverage"] = (~np.isnan(features.values)).mean(axis=0)
    looked = ((columns["coverage"] >= LEAST_COVERAGE) & varying(features.values)).to_numpy()
    columns, values = columns[looked].reset_index(drop=True), features.values[:, looked]
    columns["delay_s"] = delays_s(columns["settling_s"].to_numpy(dtype=float))
    align(values, features.block, columns["delay_s"].to_numpy())
    return columns, values


def _null_families(job: _Job, quiet: Float64, *, count: int) -> list[Pseudo]:
    """Make the null families that the procedure is tried on."""
    return pseudo_trains(
        job.slid.train,
        job.slid.grid,
        job.background.mask,
        cells=job.features.cells,
        block=job.features.block,
        quiet=quiet,
        family_times=job.times,
        count=count,
        seed=job.seed + _PSEUDO,
    )


def _groups(job: _Job, channels: pd.Series, values: Float32, known: dict[str, str] | None) -> pd.Series:
    """Name each feature's group of channels: the known one, else that of the family's background."""
    groups = correlated_groups(values[job.background.mask], channels) if known is None else known
    return channels.map(groups).fillna(channels)


def _notes(job: _Job, table: pd.DataFrame, tested: pd.DataFrame, *, given: int) -> list[str]:
    """Say in words what to know of the answer; `given` glitches were asked for."""
    return notes.notes(
        table,
        given=given,
        used=len(job.slid.train.used),
        background=job.background,
        coverage=job.features.coverage,
        dropped=job.features.columns["channel"].nunique() - table["channel"].nunique(),
        pseudo=tested,
        alpha=ALPHA,
    )


def _nothing(why: str) -> WitnessResult:
    """Give no answer, and say why."""
    table, profiles, tested = map(tables.empty, (FAMILY_WITNESSES, LAG_PROFILES, PSEUDO_FAMILIES))
    return WitnessResult(table.assign(group=""), profiles, tested, [why])


def varying(values: Float32) -> Bool:
    """Say which features ``(n, m)`` take more than one value."""
    with np.errstate(invalid="ignore"):
        low = np.fmin.reduce(values, axis=0, initial=np.float32(np.inf))
        high = np.fmax.reduce(values, axis=0, initial=np.float32(-np.inf))
    varies: Bool = high > low
    return varies


def start_times(family: pd.DataFrame) -> Float64:
    """Give when each glitch starts: start_time where it is known, else half its duration before its event."""
    made = family["event_time"] - family["duration_s"].fillna(0) / 2
    if "start_time" in family:
        made = family["start_time"].fillna(made)
    starts: Float64 = made.to_numpy(dtype=float)
    return starts


def _prepare(
    features: FeatureSet,
    family: pd.DataFrame,
    quiet: Float64,
    segments: Float64,
    *,
    slides: int,
    seed: int,
    threads: int,
) -> _Job | str:
    """Lay out train, background and slides, or say in words why there is no answer."""
    family = family.sort_values("event_time")
    times = family["event_time"].to_numpy(dtype=float)
    durations = family["duration_s"].fillna(0).to_numpy(dtype=float)
    if len(times) < LEAST_GLITCHES or not len(features.cells):
        return notes.too_few(len(times))
    background = family_background(features.cells, times, quiet)
    if background is None:
        return notes.TOO_DENSE
    grid = make_grid(features.cells, features.block, background.lags_s)
    train = make_train(times, features.cells, grid)
    if len(train.used) < LEAST_GLITCHES:
        return notes.too_few(len(train.used), len(times))
    slid = slide(train, grid, slides=slides, rng=np.random.default_rng([seed, _SLIDES]))
    blocks = effects.bootstrap_blocks(times[train.used], segments)
    return _Job(features, times, start_times(family), durations, background, slid, blocks, seed, threads)


def _answer(
    job: _Job, columns: pd.DataFrame, values: np.ndarray, measured: Measured, ranked: Bool
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Make the tables "witnesses" and "lag_profiles" from what was measured."""
    lags = job.slid.grid.lags
    auc = areas(values, job.features.cells, job.features.block, job.background.mask, job.slid)
    most = np.abs(measured.t).max(axis=1)
    null = measured.peaks[ranked].max(axis=0, initial=0.0).astype(float)
    limit = float(np.quantile(null, 1 - ALPHA, method="higher")) if ranked.any() else np.inf
    surviving = np.abs(measured.t) > limit
    timings = _timings(job, columns, values, measured, surviving)
    rows = _effects(job, values, measured, timings)
    rows["auc"] = auc[np.arange(len(rows)), [timing.lag for timing in timings]]
    table = pd.concat([columns[["channel", "band", "safety", "group", "coverage"]], rows], axis=1)
    p_fwer, p_value = share_above(most, null), fit_tail(null, seed=job.seed + _TAIL).p_value(most)
    table["p_fwer"], table["p_value"] = np.where(ranked, p_fwer, np.nan), np.where(ranked, p_value, np.nan)
    table["n_alone"] = int(profile.alone(job.times)[job.slid.train.used].sum())
    table["live_time_s"] = len(job.features.cells) * CELL_S
    order = np.lexsort((table["band"], table["channel"], -most, ~ranked))
    profiles = pd.DataFrame(
        {
            "channel": np.repeat(columns["channel"].to_numpy(), len(lags)),
            "band": np.repeat(columns["band"].to_numpy(), len(lags)),
            "lag": np.tile(lags.astype(float), len(columns)),
            "auc": auc.ravel(),
            "t_statistic": measured.t.ravel(),
            "n_glitches": measured.count.ravel(),
            "survives": (surviving & ranked[:, None]).ravel(),
        }
    )
    return table.iloc[order].reset_index(drop=True), profiles


def _timings(
    job: _Job, columns: pd.DataFrame, values: np.ndarray, measured: Measured, surviving: Bool
) -> list[profile.Timing]:
    """Time every feature; what leads is tested among those that survive correction."""
    peaks = np.abs(measured.t).argmax(axis=1)
    made = [profile.Timing(int(peak), int(peak), "", 0) for peak in peaks]
    found = np.flatnonzero(surviving.any(axis=1))
    if not len(found):
        return made
    train, grid, features = job.slid.train, job.slid.grid, job.features
    quiet = window_mask(job.background.mask)
    held = windows(values[:, found], features.cells, features.block)
    placed = placements(held, window_mask(np.ones(len(features.cells), dtype=bool)), features.cells)
    lonely = profile.alone(job.times)[train.used]
    few_slid = job.slid.part(lonely)
    few = few_slid.train
    window_end = (np.rint(job.times[few.used] / CELL_S) - 1 + STEP) * CELL_S
    reach = (columns["settling_s"] + columns["delay_s"]).to_numpy(dtype=float)  # data after the lag's window
    leads = [
        profile.leading(placed[k], few_slid, window_end, job.starts_at[few.used] - reach[column])
        for k, column in enumerate(found)
    ]
    limit = np.quantile(np.max([peaks for _, peaks, _ in leads], axis=0), 1 - ALPHA, method="higher")
    half = float(np.median(job.durations)) / 2
    for k, column in enumerate(found):
        t, lead_t, count = measured.t[column], leads[k][0], leads[k][2]
        raised = profile.excess(held[k], quiet, job.slid)
        lag = profile.onset(t, surviving[column], raised)
        lead = (np.abs(lead_t) > limit) & (lead_t * t[peaks[column]] > 0)
        name = profile.relation(lag, surviving[column], lead, grid.lags, half)
        made[column] = profile.Timing(lag, int(peaks[column]), name, int(count[lag]))
    return made


def _effects(
    job: _Job, values: np.ndarray, measured: Measured, timings: list[profile.Timing]
) -> pd.DataFrame:
    """Measure every feature's effect at its lag."""
    one = partial(_effect, job, values, measured, timings)
    with ThreadPoolExecutor(max(job.threads, 1)) as pool:
        return pd.DataFrame(list(pool.map(one, range(values.shape[1]))))


def _effect(
    job: _Job, values: np.ndarray, measured: Measured, timings: list[profile.Timing], k: int
) -> dict[str, object]:
    """Measure one feature's effect."""
    timing, cells = timings[k], job.features.cells
    sign = np.float32(1.0 if measured.t[k, timing.peak] >= 0 else -1.0)
    # The largest of a window's two cells; for low values that is turned first at the cells.
    held = sign * windows(values[:, k : k + 1], cells, job.features.block)[0]
    rest = held[window_mask(job.background.mask)]
    rest = rest[~np.isnan(rest)]
    threshold = float(np.quantile(rest, effects.QUANTILE)) if len(rest) else np.inf
    found = effects.effect(
        held,
        threshold,
        job.slid,
        timing.lag,
        job.blocks,
        seed=job.seed + _BOOTSTRAP + k,
    )
    middles: Float64 = (cells + 1).astype(np.float64) * CELL_S
    triggers = effects.crossings(held, middles, threshold)
    significance, overstated = effects.hveto(
        job.times[job.slid.train.used], triggers, live_s=len(cells) * CELL_S
    )
    lags = job.slid.grid.lags
    return {
        "lag": float(lags[timing.lag]),
        "lag_peak": float(lags[timing.peak]),
        "t_statistic": measured.t[k, timing.lag],
        "t_peak": measured.t[k, timing.peak],
        "efficiency": found.efficiency,
        "excess_efficiency": found.excess,
        "excess_low": found.low,
        "excess_high": found.high,
        "deadtime": found.deadtime,
        "hveto_significance": significance,
        "hveto_overstated": overstated,
        "relation": timing.relation,
        "n_glitches": int(measured.count[k, timing.lag]),
        "n_leading": timing.n_leading,
    }
