"""Trends of a detector's channels from GWF, HDF5 and CSV files, with their samples flagged."""

import logging
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from glitch_explorer.core import tables
from glitch_explorer.core.arrays import Float64
from glitch_explorer.core.errors import UserError
from glitch_explorer.core.intervals import MINUTE_S
from glitch_explorer.coupling.channels.features import LONGEST_SAMPLE_S
from glitch_explorer.coupling.channels.live_time import even_sample
from glitch_explorer.coupling.coincidence.trends import AuxiliaryTrend, flag_trend, trend_values
from glitch_explorer.sources.frame_files import Frame
from glitch_explorer.sources.frames import Piece
from glitch_explorer.sources.locate import Folder

#: Largest number of files that are opened to list the channels: some may be missing or damaged.
_FILES_LISTED = 30
#: Samples of the channels in memory at a time.
_GROUP_BYTES = 256 << 20
#: Lengths and starts of samples that differ by less than this share of a sample are the same.
_TOLERANCE = 1e-2

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class TrendSource:
    """Files of trends, and which of their channels are tested.

    Attributes
    ----------
    files
        Files, folders, and lists of frame files; `{ifo}` stands for the detector.
    channels
        Names of channels, with wildcards as in a shell; `{ifo}` stands for the detector.
    """

    files: Sequence[str] = ()
    channels: Sequence[str] = ("*",)


def read_trends(source: TrendSource, ifo: str, segments: Float64) -> list[AuxiliaryTrend]:
    """Read the trends of one detector, and flag their samples within the analysis segments.

    Parameters
    ----------
    source
        Files and channels.
    ifo
        Detector.
    segments
        ``(k, 2)`` analysis segments of the detector, GPS seconds.

    Returns
    -------
    list
        Channels in alphabetical order; none where all files are of other detectors.

    Raises
    ------
    UserError
        When a file cannot be opened, or files have channels of the detector, but none that can be tested.
    """
    folder = Folder(source.files, frame_type=None)
    start, end = float(segments.min()), float(segments.max())
    try:
        frames = folder.frames(ifo, start, end)
    except UserError as problem:
        _LOG.warning("no trend of %s: %s", ifo, problem)
        return []
    patterns = [pattern.replace("{ifo}", ifo) for pattern in source.channels]
    samples_s = _sample_lengths(folder, frames, patterns, ifo)
    trends: list[AuxiliaryTrend] = []
    for sample_s in sorted(set(samples_s.values())):
        names = [name for name, length in samples_s.items() if length == sample_s]
        size = max(1, int(_GROUP_BYTES / 8 / ((end - start) / sample_s + 1)))
        for first in range(0, len(names), size):
            trends += _read_group(folder, frames, names[first : first + size], sample_s, segments)
    if not trends:
        raise UserError(
            f"the trends of {ifo} in {', '.join(source.files)} have no channel that matches "
            f"{', '.join(patterns)} with samples of {LONGEST_SAMPLE_S:g} to {MINUTE_S:g} s in the analysis "
            f"segments (GPS {start:.0f} to {end:.0f}): correct coupling.trends"
        )
    return sorted(trends, key=lambda trend: trend.channel)


def _sample_lengths(
    folder: Folder, frames: Sequence[Frame], patterns: Sequence[str], ifo: str
) -> dict[str, float]:
    """Return the channels that can be tested, in order of name, and the lengths of their samples in s."""
    rates: dict[str, float] = {}
    for number in even_sample(np.arange(len(frames)), _FILES_LISTED).astype(int):
        try:
            rates = folder.channel_rates(frames[number], patterns) | rates
        except UserError as problem:
            _LOG.warning("no channels listed: %s", problem)
    lengths = {name: 1 / rate for name, rate in sorted(rates.items()) if name.startswith(f"{ifo}:")}
    # Those with shorter samples are channels whose features are scored (coupling.channels).
    slow = {
        name: float(round(length)) if math.isclose(length, round(length), rel_tol=1e-3) else length
        for name, length in lengths.items()
        if LONGEST_SAMPLE_S < length <= MINUTE_S * (1 + _TOLERANCE)
    }
    effect = f"have samples of {LONGEST_SAMPLE_S:g} to {MINUTE_S:g} s"
    tables.log_effect(f"trends of {ifo}", [name in slow for name in lengths], effect, unit="channels")
    return slow


def _read_group(
    folder: Folder, frames: Sequence[Frame], names: Sequence[str], sample_s: float, segments: Float64
) -> list[AuxiliaryTrend]:
    """Read channels with samples of one length, and flag their samples."""
    pieces: dict[str, list[Piece]] = {name: [] for name in names}
    for frame in frames:
        for name, piece in folder.load_many(frame, names).items():
            if isinstance(piece, Piece):
                pieces[name].append(piece)
    joined = {name: _joined(name, pieces[name], sample_s, segments) for name in names}
    return [
        flag_trend(name, trend_values(values, name), start=start, sample_s=sample_s, live=segments)
        for name, (start, values) in joined.items()
        if len(values)
    ]


def _joined(name: str, pieces: Sequence[Piece], sample_s: float, segments: Float64) -> tuple[float, Float64]:
    """Return the start and the samples of a channel from its pieces; NaN in between.

    Pieces with samples of another length, or that begin between those of the first, are left out.
    """
    inside = [
        piece
        for piece in pieces
        if math.isclose(1 / piece.rate, sample_s, rel_tol=1e-3)
        and piece.t0 < segments.max()
        and piece.t0 + len(piece.values) * sample_s > segments.min()
    ]
    if not inside:
        return 0.0, np.empty(0)
    places = [(piece.t0 - inside[0].t0) / sample_s for piece in inside]
    aligned = [abs(place - round(place)) < _TOLERANCE for place in places]
    if not all(aligned) or len(inside) < len(pieces):
        _LOG.warning("%s: %d of %d files have other samples", name, len(pieces) - sum(aligned), len(pieces))
    kept = [(round(place), piece) for place, piece, fits in zip(places, inside, aligned, strict=True) if fits]
    first = min(place for place, _ in kept)
    values = np.full(max(place + len(piece.values) for place, piece in kept) - first, np.nan)
    for place, piece in kept:
        part = values[place - first : place - first + len(piece.values)]
        np.copyto(part, piece.values, where=np.isnan(part))
    return inside[0].t0 + first * sample_s, values
