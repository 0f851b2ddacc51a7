"""A trial: windows of one train in one view, folds, models and their baseline, and how they do."""

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
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

View = Literal["witness", "precursor"]
VIEWS: tuple[View, ...] = ("witness", "precursor")
#: Purposes of the random streams.
_OTHERS, _FIT, _BOOTSTRAP = range(3)


@dataclass(frozen=True)
class Case:
    """What is fixed for one family in one detector."""

    material: windows.Material
    #: ``(q, 2)`` stretches without any glitch, and ``(k, 2)`` sorted, disjoint analysis segments.
    quiet: Float64
    segments: Float64
    max_glitches: int
    seed: int
    threads: int


@dataclass(frozen=True)
class Sample:
    """Windows of one train in one view: glitches first, each in order of time.

    Attributes
    ----------
    rows, glitch, fold
        ``(n,)`` centre row, whether a glitch's, and the fold of its segment.
    number
        ``(g,)`` which of the times given each glitch is.
    columns
        ``(c,)`` numbers of (bin, feature), and the windows ``(n, c)`` of them.
    of_segment
        ``(k,)`` fold of each analysis segment.
    """

    rows: Int64
    glitch: Bool
    fold: Int64
    number: Int64
    columns: Int64
    windows: Float32
    of_segment: Int64
    n_segments: int

    @property
    def n_folds(self) -> int:
        """Number of folds."""
        return int(self.of_segment.max()) + 1


@dataclass(frozen=True)
class Unfit:
    """Triggers that no models are fitted for: the reason, and how many there are."""

    reason: Reason
    n_glitches: int = 0
    n_segments: int = 0
    n_background: int = 0


@dataclass(frozen=True)
class Trial:
    """Held-out probabilities, each by the model that saw nothing of that segment."""

    sample: Sample
    #: Of each model and fold.
    fitted: dict[ModelName, list[Model]]
    #: ``(n,)`` of each model, and of the baseline.
    probability: dict[ModelName, Float64]
    baseline: Float64
    gain: dict[ModelName, Gain]


def make_sample(case: Case, times: Float64, usable: Bool, columns: Int64, *, stream: int) -> Sample | Unfit:
    """Lay out the windows of a train, or return why there are too few.

    Parameters
    ----------
    times
        ``(t,)`` GPS times of all the family's glitches, sorted.
    usable
        ``(t,)`` those that may be looked at in this view.
    columns
        Numbers of (bin, feature) that the view has.
    stream
        Number of the random stream.
    """
    material, segments = case.material, case.segments
    used, rows = material.rows_of(times)
    kept = usable[used]
    used, rows = used[kept], rows[kept]
    kept = np.isin(times[used], even_sample(times[used], case.max_glitches))
    used, rows = used[kept], rows[kept]
    counts = np.bincount(
        windows.segment_numbers(material.times[rows], segments), minlength=len(segments)
    ).astype(np.int64)
    held = int((counts > 0).sum())
    if len(rows) < folds.LEAST_GLITCHES or held < folds.LEAST_SEGMENTS:
        return Unfit(Reason.FEW_GLITCHES, len(rows), held)
    rng = np.random.default_rng([case.seed, _OTHERS, stream])
    others = windows.other_rows(material, times, rows, segments, rng=rng)
    if len(others) < len(rows):
        return Unfit(Reason.FEW_BACKGROUND, len(rows), held, len(others))
    every = np.concatenate([rows, others])
    of_segment, glitch = folds.make_folds(counts), np.arange(len(every)) < len(rows)
    at = material.times[every]
    fold = of_segment[windows.segment_numbers(at, segments)]
    for number in range(int(of_segment.max()) + 1):
        learnt = glitch[folds.learnt_from(at, fold, number, segments, of_segment)]
        if learnt.all() or not learnt.any():
            return Unfit(Reason.EMBARGO, len(rows), held)
    return Sample(
        rows=every,
        glitch=glitch,
        fold=fold,
        number=used,
        columns=columns,
        windows=windows.feature_windows(material, every, columns),
        of_segment=of_segment,
        n_segments=held,
    )


def run_trials(case: Case, samples: Iterable[tuple[Sample, Float64]]) -> list[Trial]:
    """Train and score the models of samples, each with the times of its whole train."""
    given = list(samples)
    known = [baseline_features(case.material, sample.rows, times, case.quiet) for sample, times in given]
    jobs = [(k, fold) for k, (sample, _) in enumerate(given) for fold in range(sample.n_folds)]

    def work(job: tuple[int, int]) -> tuple[dict[ModelName, Model], Bool, Float64]:
        k, fold = job
        return _fold(case, given[k][0], known[k], fold)

    with ThreadPoolExecutor(max(case.threads, 1)) as pool:
        done = list(pool.map(work, jobs))
    made = []
    for k, (sample, _) in enumerate(given):
        mine = [result for (owner, _), result in zip(jobs, done, strict=True) if owner == k]
        made.append(_trial(case, sample, mine))
    return made


def _fold(
    case: Case, sample: Sample, known: Float64, fold: int
) -> tuple[dict[ModelName, Model], Bool, Float64]:
    """Train both models without a fold; also give which windows it holds, and their baseline."""
    held = sample.fold == fold
    times = case.material.times[sample.rows]
    learnt = folds.learnt_from(times, sample.fold, fold, case.segments, sample.of_segment)
    data, glitch = sample.windows[learnt], sample.glitch[learnt]
    columns = screened(data, glitch)
    seed = int(np.random.default_rng([case.seed, _FIT, fold]).integers(2**31))
    models = {name: fit(name, data, glitch, columns, seed=seed) for name in MODELS}
    return models, held, baseline_probability(known, sample.glitch, learnt, held)


def _trial(case: Case, sample: Sample, done: list[tuple[dict[ModelName, Model], Bool, Float64]]) -> Trial:
    """Gather a sample's folds and score them."""
    n = len(sample.rows)
    baseline = np.zeros(n)
    probability = {name: np.zeros(n) for name in MODELS}
    for models, held, base in done:
        baseline[held] = base
        for name, model in models.items():
            probability[name][held] = model.probability(sample.windows[np.ix_(held, model.columns)])
    blocks = bootstrap_blocks(case.material.times[sample.rows], case.segments)
    return Trial(
        sample=sample,
        fitted={name: [models[name] for models, _, _ in done] for name in MODELS},
        probability=probability,
        baseline=baseline,
        gain={
            name: gain(probability[name], baseline, sample.glitch, blocks, seed=case.seed + _BOOTSTRAP)
            for name in MODELS
        },
    )
