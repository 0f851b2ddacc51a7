"""Cross-validated models of one set of triggers and one feature set: folds, baseline and scores.

A `Trial` is one such cross-validation; it is no trial in the sense of a trials factor.
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from typing import Literal

import numpy as np

from glitch_explorer.core.arrays import Bool, Float32, Float64, Int64
from glitch_explorer.coupling.channels.live_time import even_sample
from glitch_explorer.coupling.witnesses.blocks import bootstrap_blocks
from glitch_explorer.impact.drivers import folds, windows
from glitch_explorer.impact.drivers.baselines import baseline_features, baseline_probability
from glitch_explorer.impact.drivers.skill import Gain, gain
from glitch_explorer.impact.drivers.training import MODELS, Model, ModelName, fit, screened
from glitch_explorer.impact.reasons import Reason

FeatureSetName = Literal["witness", "precursor"]
#: Feature sets: all bins of lags, or those that end before the glitches start.
FEATURE_SETS: tuple[FeatureSetName, ...] = ("witness", "precursor")
#: Keys added to the seed, so that each random stream has one purpose.
_BACKGROUND, _FIT, _BOOTSTRAP = range(3)


@dataclass(frozen=True)
class Case:
    """Data and settings of one family in one detector."""

    material: windows.Material
    #: ``(q, 2)`` stretches without any glitch, and ``(k, 2)`` sorted, disjoint analysis segments.
    quiet: Float64
    segments: Float64
    max_glitches: int
    seed: int
    threads: int


@dataclass(frozen=True)
class Sample:
    """Windows of one set of triggers and one feature set: glitches, then background, each in order of time.

    Attributes
    ----------
    rows, glitch, fold
        ``(n,)`` centre row, whether it is a glitch, and the fold of its segment.
    number
        ``(g,)`` index of each glitch among the triggers.
    columns
        ``(c,)`` numbers of (bin, feature).
    windows
        ``(n, c)`` values.
    baseline
        ``(n, 6)`` features of the baseline.
    segment_fold
        ``(k,)`` fold of each analysis segment.
    n_segments
        Number of segments with glitches.
    """

    rows: Int64
    glitch: Bool
    fold: Int64
    number: Int64
    columns: Int64
    windows: Float32
    baseline: Float64
    segment_fold: Int64
    n_segments: int

    @property
    def n_folds(self) -> int:
        """Number of folds."""
        return int(self.segment_fold.max()) + 1


@dataclass(frozen=True)
class Unfit:
    """Triggers that no models are fitted for: the reason, and how many there are."""

    reason: Reason
    n_glitches: int = 0
    n_segments: int = 0
    n_background: int = 0


@dataclass(frozen=True)
class Trial:
    """Cross-validated models: the probability of each window by the model that it was held out from."""

    sample: Sample
    #: Models of each kind, one per fold.
    models: dict[ModelName, list[Model]]
    #: ``(n,)`` held-out probabilities by each kind of model, and by the baseline.
    probability: dict[ModelName, Float64]
    baseline: Float64
    gain: dict[ModelName, Gain]


def make_sample(case: Case, times: Float64, usable: Bool, columns: Int64, *, stream: int) -> Sample | Unfit:
    """Build the windows of some triggers, or return why there are too few.

    Parameters
    ----------
    case
        Data and settings.
    times
        ``(t,)`` GPS times of all triggers, sorted.
    usable
        ``(t,)`` triggers that the feature set may use.
    columns
        Numbers of (bin, feature) of the feature set.
    stream
        Number of the random stream.
    """
    material, segments = case.material, case.segments
    number, rows = material.window_rows(times)
    number, rows = number[usable[number]], rows[usable[number]]
    thinned = np.isin(times[number], even_sample(times[number], case.max_glitches))
    number, rows = number[thinned], rows[thinned]
    segment = windows.segment_numbers(material.live.times[rows], segments)
    counts = np.bincount(segment, minlength=len(segments)).astype(np.int64)
    n_segments = int((counts > 0).sum())
    if len(rows) < folds.LEAST_GLITCHES or n_segments < folds.LEAST_SEGMENTS:
        return Unfit(Reason.FEW_GLITCHES, len(rows), n_segments)
    rng = np.random.default_rng([case.seed, _BACKGROUND, stream])
    background = windows.background_rows(material, times, rows, segments, rng=rng)
    if len(background) < len(rows):
        return Unfit(Reason.FEW_BACKGROUND, len(rows), n_segments, len(background))
    centres = np.concatenate([rows, background])
    segment_fold, glitch = folds.make_folds(counts), np.arange(len(centres)) < len(rows)
    centre_times = material.live.times[centres]
    fold = segment_fold[windows.segment_numbers(centre_times, segments)]
    for held_out in range(int(segment_fold.max()) + 1):
        fitted = glitch[folds.is_fitted(centre_times, fold, held_out, segments, segment_fold)]
        if fitted.all() or not fitted.any():
            return Unfit(Reason.EMBARGO, len(rows), n_segments)
    return Sample(
        rows=centres,
        glitch=glitch,
        fold=fold,
        number=number,
        columns=columns,
        windows=windows.feature_windows(material, centres, columns),
        baseline=baseline_features(material, centres, times, case.quiet),
        segment_fold=segment_fold,
        n_segments=n_segments,
    )


def run_trials(case: Case, samples: Sequence[Sample]) -> list[Trial]:
    """Fit and score the models of samples; folds run in parallel."""
    jobs = [(sample, fold) for sample in samples for fold in range(sample.n_folds)]
    with ThreadPoolExecutor(max(case.threads, 1)) as pool:
        fitted = iter(list(pool.map(lambda job: _fit_fold(case, *job), jobs)))
    return [_trial(case, sample, list(islice(fitted, sample.n_folds))) for sample in samples]


def _fit_fold(case: Case, sample: Sample, fold: int) -> tuple[dict[ModelName, Model], Float64]:
    """Fit the models without a fold; return them, and the baseline's probabilities for the fold."""
    times = case.material.live.times[sample.rows]
    fitted = folds.is_fitted(times, sample.fold, fold, case.segments, sample.segment_fold)
    data, glitch = sample.windows[fitted], sample.glitch[fitted]
    columns = screened(data, glitch)
    seed = int(np.random.default_rng([case.seed, _FIT, fold]).integers(2**31))
    models = {name: fit(name, data, glitch, columns, seed=seed) for name in MODELS}
    return models, baseline_probability(sample.baseline, sample.glitch, fitted, sample.fold == fold)


def _trial(case: Case, sample: Sample, fitted: list[tuple[dict[ModelName, Model], Float64]]) -> Trial:
    """Gather the held-out probabilities of a sample's folds and score them."""
    n = len(sample.rows)
    baseline, probability = np.zeros(n), {name: np.zeros(n) for name in MODELS}
    for fold, (models, fold_baseline) in enumerate(fitted):
        held_out = sample.fold == fold
        baseline[held_out] = fold_baseline
        for name, model in models.items():
            probability[name][held_out] = model.probability(sample.windows[np.ix_(held_out, model.columns)])
    blocks = bootstrap_blocks(case.material.live.times[sample.rows], case.segments)
    seed = case.seed + _BOOTSTRAP
    return Trial(
        sample=sample,
        models={name: [models[name] for models, _ in fitted] for name in MODELS},
        probability=probability,
        baseline=baseline,
        gain={name: gain(probability[name], baseline, sample.glitch, blocks, seed=seed) for name in MODELS},
    )
