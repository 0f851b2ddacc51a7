"""Times of the observatory: segments at all hours, spells (periods of high glitch rate), quiet minutes."""

from dataclasses import dataclass

import numpy as np

from glitch_explorer.core.errors import UserError

#: GPS start: within O3b.
START_GPS = 1262304000
#: From one segment to the next: 8.4 h, so that segments visit all hours of the day.
STEP_S = 30240
#: Segments begin up to so much later, and the detectors up to so much apart, in seconds.
JITTER_S, OFFSET_S = 3600, 30
#: Length of the extra segments whose frame is unreadable, and the pause before them, in seconds.
UNREADABLE_S, PAUSE_S = 64, 300
#: Share of a segment's minutes that a spell covers; the rest stays quiet.
ACTIVE_SHARE = 0.58
#: No glitch is closer than this to the end of its segment, in seconds.
EDGE_S = 5.0
#: Usual least distance of two glitches of a detector: the longest view, in seconds.
LEAST_GAP_S = 4.2
#: Share of glitches that follow another within the same picture.
CLOSE_SHARE = 0.03


@dataclass(frozen=True)
class Segment:
    """Live time of a detector, GPS seconds, in one frame file."""

    ifo: str
    start: int
    end: int
    level_key: int
    readable: bool = True

    @property
    def frame_name(self) -> str:
        """Return the name of the frame file."""
        return f"{self.ifo[0]}-{self.ifo}_OBS-{self.start}-{self.end - self.start}.gwf"


def make_segments(rng: np.random.Generator, n: int, length: int, detectors: list[str]) -> list[Segment]:
    """Draw `n` segments of each detector, and two additional short ones that will be unreadable."""
    starts = START_GPS + 600 + STEP_S * np.arange(n) + rng.integers(0, JITTER_S, n)
    segments = []
    for k, ifo in enumerate(detectors):
        for i, start in enumerate(starts):
            begin = int(start) + (int(rng.integers(1, OFFSET_S)) if k else 0)
            segments.append(Segment(ifo, begin, begin + length, i))
    for i in range(2):
        ifo = detectors[i % len(detectors)]
        begin = int(starts[i]) + length + OFFSET_S + PAUSE_S
        segments.append(Segment(ifo, begin, begin + UNREADABLE_S, n + i, readable=False))
    return segments


def _spell(rng: np.random.Generator, length: int) -> np.ndarray:
    """Draw the active minutes of a segment: rows (start, end) in seconds from its start."""
    minutes = length // 60
    active = max(1, round(ACTIVE_SHARE * minutes))
    first = int(rng.integers(0, minutes))
    chosen = sorted((first + k) % minutes for k in range(active))
    return np.array([(max(60.0 * m, EDGE_S), min(60.0 * (m + 1), length - EDGE_S)) for m in chosen])


def place(rng: np.random.Generator, spans: list[Segment], ifo: str, n: int) -> list[tuple[int, float]]:
    """Draw the places of `n` glitches of a detector: (segment, GPS time), ordered.

    Raises
    ------
    UserError
        When they do not fit.
    """
    usable = [i for i, span in enumerate(spans) if span.ifo == ifo and span.readable]
    spells = {i: _spell(rng, spans[i].end - spans[i].start) for i in usable}
    most = {i: int(np.diff(spells[i]).sum() / LEAST_GAP_S) for i in usable}
    if n > sum(most.values()):
        raise UserError(
            f"observatory: {n} glitches do not fit into the active minutes of {ifo}, which hold at most "
            f"{sum(most.values())}; lower observatory.glitches or raise segments or segment_s"
        )
    counts = dict.fromkeys(usable, 0)
    weights = rng.gamma(4.0, size=len(usable))
    for _ in range(n):
        free = np.array([counts[i] < most[i] for i in usable])
        share = weights * free
        counts[usable[int(rng.choice(len(usable), p=share / share.sum()))]] += 1
    return [
        (i, round(spans[i].start + float(offset), 5))
        for i in usable
        for offset in _times(rng, spells[i], counts[i])
    ]


def _times(rng: np.random.Generator, spell: np.ndarray, n: int) -> np.ndarray:
    """Draw `n` times in a spell; all but a few keep the usual gap."""
    if n == 0:
        return np.empty(0)
    lengths = np.diff(spell).ravel()
    free = lengths.sum() - n * LEAST_GAP_S
    along = np.sort(rng.uniform(0.0, free, n)) + LEAST_GAP_S * (np.arange(n) + 0.5)
    close = np.flatnonzero(rng.uniform(size=n) < CLOSE_SHARE)
    close = close[close > 0]
    along[close] = along[close - 1] + rng.uniform(0.7, 1.8, len(close))
    along = np.sort(along)
    ends = np.cumsum(lengths)
    part = np.minimum(np.searchsorted(ends, along), len(ends) - 1)
    return np.sort(spell[part, 0] + along - (ends - lengths)[part])


def in_spells(rng: np.random.Generator, places: list[tuple[int, float]], names: list[str]) -> list[str]:
    """Assign a class to each place, so that a class is common in some segments and rare in others."""
    segment = np.array([index for index, _ in places])
    result = np.empty(len(places), object)
    free = np.ones(len(places), bool)
    kinds = sorted(set(names))
    for k in rng.permutation(len(kinds)):
        weights = rng.gamma(0.7, size=int(segment.max()) + 1) + 0.05
        share = weights[segment] * free
        chosen = rng.choice(len(places), names.count(kinds[k]), replace=False, p=share / share.sum())
        result[chosen] = kinds[k]
        free[chosen] = False
    return [str(name) for name in result]


def quietest(
    rng: np.random.Generator, spans: list[Segment], busy: dict[str, np.ndarray], reserved: list[float]
) -> float:
    """Find the time in common live time that is farthest from all glitches.

    Parameters
    ----------
    rng
        Random generator of the candidates.
    spans
        Segments of all detectors.
    busy
        GPS times of each detector's glitches.
    reserved
        GPS times; segments within half a step of one are left out.

    Returns
    -------
    GPS time; 0 where there is none.
    """
    best, quiet = -1.0, 0.0
    for span in spans:
        if not span.readable or any(abs(span.start - time) < STEP_S / 2 for time in reserved):
            continue
        for time in rng.uniform(span.start + 10.0, span.end - 10.0, 20):
            live = all(
                any(s.ifo == ifo and s.readable and s.start + 8 < time < s.end - 8 for s in spans)
                for ifo in busy
            )
            gap = min(float(np.abs(times - time).min(initial=1e9)) for times in busy.values())
            if live and gap > best:
                best, quiet = gap, round(float(time), 5)
    return quiet
