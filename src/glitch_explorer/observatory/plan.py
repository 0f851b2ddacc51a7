"""The plan of the simulated observatory: segments, glitches, labels and traps, from a seed.

The plan is cheap and a pure function of its arguments: the jobs that write frames compute it
again instead of reading the planted truth.
"""

import string
from dataclasses import dataclass, field, replace
from typing import TypedDict

import numpy as np

from glitch_explorer.core.errors import UserError
from glitch_explorer.observatory import slots
from glitch_explorer.observatory.morphology import CLASSES, EVENT, MORPHOLOGIES, UNKNOWN
from glitch_explorer.observatory.shapes import power_law
from glitch_explorer.observatory.slots import Segment

#: Share of the glitches that have the unknown shape, and the smallest number of them.
UNKNOWN_SHARE, LEAST_UNKNOWN = 0.05, 5
#: Density of SNR: proportional to SNR ** -index.
SNR_INDEX = 2.4
#: Shares of rows that repeat an id, and of events that have a second id.
SAME_ID_SHARE, SECOND_ID_SHARE = 0.006, 0.004
#: Glitches in an unreadable frame, as a share of all, and the smallest number of them.
UNREADABLE_SHARE, LEAST_UNREADABLE = 0.004, 2
#: The real-signal-like events: name, masses (solar), SNR in each detector.
EVENTS = (("SIM-A", (36.0, 29.0), (24.0, 18.0)), ("SIM-B", (15.0, 11.0), (15.0, 19.0)))
#: Light travel time between the sites bounds the delay of an event, in seconds.
LARGEST_DELAY_S = 0.010

# Purposes of the random streams: each draw depends on the seed and its own name only.
_SLOTS, _CLASSES, _LABELS, _IDS, _SHAPE, _EVENTS, _ROWS = range(7)


@dataclass(frozen=True)
class Injection:
    """One planted glitch or event: class, time, SNR and label."""

    number: int
    glitch_id: str
    ifo: str
    segment: int
    time: float
    name: str
    snr: float
    label: str | None = None
    event: str = ""
    masses: tuple[float, float] = (0.0, 0.0)


@dataclass(frozen=True)
class Plan:
    """All planted segments, glitches and events of an observatory."""

    seed: int
    rate: int
    segments: list[Segment]
    injections: list[Injection]
    #: (row repeated, id it gets in the second row)
    repeats: list[tuple[Injection, str]] = field(default_factory=list)

    def of(self, ifo: str) -> list[Injection]:
        """Return the injections of one detector."""
        return [injection for injection in self.injections if injection.ifo == ifo]


def stream(seed: int, *name: int) -> np.random.Generator:
    """Return the random stream of that name."""
    return np.random.default_rng([seed, *name])


def shape_stream(plan: Plan, injection: Injection) -> np.random.Generator:
    """Return the random stream that draws the shape of `injection`."""
    return stream(plan.seed, _SHAPE, injection.number)


def row_stream(plan: Plan, number: int) -> np.random.Generator:
    """Return the random stream of catalogue values other than the truth."""
    return stream(plan.seed, _ROWS, number)


class Arguments(TypedDict):
    """Arguments of `make_plan`, which the observatory's jobs pass on."""

    seed: int
    glitches: int
    segments: int
    segment_s: int
    sample_rate_hz: int
    wrong_label_share: float
    detectors: list[str]


def make_plan(
    *,
    seed: int,
    glitches: int,
    segments: int,
    segment_s: int,
    sample_rate_hz: int,
    wrong_label_share: float,
    detectors: list[str],
) -> Plan:
    """Plan the observatory.

    Parameters
    ----------
    seed : int
        Seed of everything.
    glitches : int
        Planted glitches over all detectors, in addition to those in unreadable frames, events and
        duplicate rows.
    segments : int
        Segments of each detector.
    segment_s : int
        Length of a segment, s.
    sample_rate_hz : int
        Sample rate of the strain, Hz.
    wrong_label_share : float
        Share of the labelled glitches that get a wrong label.
    detectors : list of str
        Detectors, e.g. H1 and L1.

    Raises
    ------
    UserError
        When the glitches do not fit into the live time, or an argument is out of range.
    """
    _check(
        detectors,
        glitches=glitches,
        segments=segments,
        segment_s=segment_s,
        rate=sample_rate_hz,
        wrong=wrong_label_share,
    )
    spans = slots.make_segments(stream(seed, _SLOTS), segments, segment_s, detectors)
    classes = _by_detector(stream(seed, _CLASSES), _counts(glitches), detectors)
    injections: list[Injection] = []
    for ifo in detectors:
        places = slots.place(stream(seed, _SLOTS, len(injections)), spans, ifo, len(classes[ifo]))
        ordered = slots.in_spells(stream(seed, _CLASSES, len(injections)), places, classes[ifo])
        for (segment, time), name in zip(places, ordered, strict=True):
            injections.append(Injection(len(injections), "", ifo, segment, time, name, 0.0))
    injections += _in_unreadable(seed, spans, len(injections), glitches)
    injections = [_with_snr(seed, injection) for injection in injections]
    injections = _with_labels(stream(seed, _LABELS), injections, wrong_label_share)
    injections += _events(stream(seed, _EVENTS), spans, injections, detectors)
    ids = _ids(stream(seed, _IDS), 2 * len(injections))
    injections = [replace(injection, glitch_id=ids[i]) for i, injection in enumerate(injections)]
    repeats = _repeats(stream(seed, _IDS, 1), injections, glitches, ids[len(injections) :])
    return Plan(seed, sample_rate_hz, spans, injections, repeats)


def _check(
    detectors: list[str], *, glitches: int, segments: int, segment_s: int, rate: int, wrong: float
) -> None:
    """Check that the arguments fit together."""
    if not detectors or len(set(detectors)) != len(detectors):
        raise UserError(f"observatory: detectors must be different and at least one, not {detectors}")
    if segments < 2 or segment_s < 120:
        raise UserError(
            f"observatory: at least 2 segments of 120 s are needed, not {segments} of {segment_s} s; "
            "set observatory.segments and observatory.segment_s"
        )
    if rate < 8192 or rate % 2:
        raise UserError(f"observatory.sample_rate_hz must be even and at least 8192, not {rate}")
    if glitches < 30 or not 0.0 <= wrong < 1.0:
        raise UserError(
            "observatory: glitches must be at least 30 and wrong_label_share from 0 to below 1, "
            f"not {glitches} and {wrong}"
        )


def _counts(glitches: int) -> dict[str, int]:
    """Divide the glitches among the classes by largest remainder; each class has at least one."""
    unknown = max(LEAST_UNKNOWN, round(UNKNOWN_SHARE * glitches))
    labelled = glitches - unknown
    shares = np.array([MORPHOLOGIES[name].share for name in CLASSES], float)
    exact = 1.0 + (labelled - len(CLASSES)) * shares / shares.sum()
    counts = np.floor(exact).astype(int)
    for i in np.argsort(counts - exact, kind="stable")[: labelled - counts.sum()]:
        counts[i] += 1
    return {**dict(zip(CLASSES, map(int, counts), strict=True)), UNKNOWN: unknown}


def _by_detector(
    rng: np.random.Generator, counts: dict[str, int], detectors: list[str]
) -> dict[str, list[str]]:
    """Draw the detector of each glitch, and return the classes of each detector's glitches.

    The probability of H1 is proportional to the class's `h1_share`, that of each other detector to the rest.
    """
    ids: dict[str, list[str]] = {ifo: [] for ifo in detectors}
    for name, count in counts.items():
        share = MORPHOLOGIES[name].h1_share
        weights = np.array([share if ifo == "H1" else 1.0 - share for ifo in detectors])
        for ifo in rng.choice(detectors, count, p=weights / weights.sum()):
            ids[str(ifo)].append(name)
    return ids


def _in_unreadable(seed: int, spans: list[Segment], first: int, glitches: int) -> list[Injection]:
    """Plant a few glitches in each segment whose frame will be unreadable."""
    n = max(LEAST_UNREADABLE, round(UNREADABLE_SHARE * glitches))
    rng = stream(seed, _CLASSES, first, 1)
    planted: list[Injection] = []
    for index, span in enumerate(spans):
        if span.readable:
            continue
        for time in np.linspace(span.start + 8.0, span.end - 8.0, n):
            name = str(rng.choice(CLASSES))
            planted.append(Injection(first + len(planted), "", span.ifo, index, float(time), name, 0.0))
    return planted


def _with_snr(seed: int, injection: Injection) -> Injection:
    """Draw the SNR from the class's power law."""
    rng = stream(seed, _SHAPE, injection.number, 1)
    return replace(injection, snr=power_law(rng, MORPHOLOGIES[injection.name].snr, SNR_INDEX))


def _with_labels(
    rng: np.random.Generator, injections: list[Injection], wrong_share: float
) -> list[Injection]:
    """Label glitches with a class, a share of them wrongly with any other class."""
    labelled = [i for i, injection in enumerate(injections) if injection.name != UNKNOWN]
    wrong = {int(i) for i in rng.permutation(labelled)[: round(wrong_share * len(labelled))]}
    result = []
    for i, injection in enumerate(injections):
        label: str | None = None if injection.name == UNKNOWN else injection.name
        if i in wrong:
            label = str(rng.choice([name for name in CLASSES if name != injection.name]))
        result.append(replace(injection, label=label))
    return result


def _events(
    rng: np.random.Generator, spans: list[Segment], injections: list[Injection], detectors: list[str]
) -> list[Injection]:
    """Plant the events in all detectors, as far from glitches as the common live time allows."""
    planted: list[Injection] = []
    busy = {
        ifo: np.array([injection.time for injection in injections if injection.ifo == ifo])
        for ifo in detectors
    }
    for name, masses, snrs in EVENTS:
        time = slots.quietest(rng, spans, busy, reserved=[injection.time for injection in planted])
        for k, ifo in enumerate(detectors):
            arrival = time + (rng.uniform(-1.0, 1.0) * LARGEST_DELAY_S if k else 0.0)
            segment = next(
                i for i, s in enumerate(spans) if s.ifo == ifo and s.readable and s.start < arrival < s.end
            )
            number = len(injections) + len(planted)
            snr = snrs[k % len(snrs)]
            planted.append(Injection(number, "", ifo, segment, arrival, EVENT, snr, EVENT, name, masses))
    return planted


def _ids(rng: np.random.Generator, n: int) -> list[str]:
    """Draw distinct ids in Gravity Spy's format."""
    letters = np.array(list(string.ascii_letters + string.digits))
    ids: dict[str, None] = {}
    while len(ids) < n:
        ids["".join(rng.choice(letters, 10))] = None
    return list(ids)


def _repeats(
    rng: np.random.Generator, injections: list[Injection], glitches: int, fresh: list[str]
) -> list[tuple[Injection, str]]:
    """Select rows that appear twice in the catalogue: with the same id, or with a second one."""
    same, second = (max(1, round(share * glitches)) for share in (SAME_ID_SHARE, SECOND_ID_SHARE))
    ordinary = [injection for injection in injections[:glitches] if not injection.event]
    chosen = [ordinary[int(i)] for i in rng.permutation(len(ordinary))[: same + second]]
    return [(injection, injection.glitch_id if i < same else fresh[i]) for i, injection in enumerate(chosen)]
