"""The strain of the observatory, as frame files."""

import os
from pathlib import Path
from typing import Unpack

import numpy as np

from glitch_explorer.core import files
from glitch_explorer.observatory import events, gwf, noise, waveforms
from glitch_explorer.observatory.plan import Arguments, Injection, Plan, make_plan, shape_stream, stream
from glitch_explorer.observatory.slots import Segment

#: Share of its bytes that an unreadable frame keeps.
KEPT_SHARE = 0.6

_LEVEL, _NOISE = 100, 101


def level(plan: Plan, segment: Segment) -> noise.Level:
    """Draw the noise level of `segment`."""
    return noise.draw_level(stream(plan.seed, _LEVEL, *segment.ifo.encode(), segment.level_key))


def wave(plan: Plan, injection: Injection) -> np.ndarray:
    """Draw the shape of `injection`: (n,) of unit L2 norm, the event in the middle."""
    if injection.event:
        return events.chirp(injection.masses, rate=plan.rate)
    return waveforms.draw(injection.name, shape_stream(plan, injection), plan.rate)


def white_glitches(plan: Plan, index: int) -> np.ndarray:
    """Draw the whitened glitches (n,) of the segment of that index."""
    segment = plan.segments[index]
    n = (segment.end - segment.start) * plan.rate
    white = np.zeros(n)
    for injection in plan.injections:
        if injection.segment != index:
            continue
        shape = wave(plan, injection)
        first = round((injection.time - segment.start) * plan.rate) - len(shape) // 2
        begin, end = max(first, 0), min(first + len(shape), n)
        white[begin:end] += injection.snr * shape[begin - first : end - first]
    return white


def segment_strain(plan: Plan, index: int) -> np.ndarray:
    """Compute the strain (n,) of the segment of that index."""
    segment = plan.segments[index]
    return noise.strain(
        white_glitches(plan, index),
        ifo=segment.ifo,
        level=level(plan, segment),
        rate=plan.rate,
        rng=stream(plan.seed, _NOISE, *segment.ifo.encode(), segment.level_key),
    )


def write_frames(*, ifo: str, out: str | Path, **arguments: Unpack[Arguments]) -> None:
    """Write the frames of one detector into the folder `out`, one per segment.

    The other arguments are those of `make_plan`. The channel is `{ifo}:OBS-STRAIN`.
    The same arguments give the same bytes.

    Raises
    ------
    UserError
        When the arguments do not fit together.
    """
    plan = make_plan(**arguments)
    with files.whole_folder(out) as folder:
        for index, segment in enumerate(plan.segments):
            if segment.ifo != ifo:
                continue
            path = folder / segment.frame_name
            strain = segment_strain(plan, index)
            gwf.write(path, [gwf.Series(channel(ifo), strain, plan.rate, "strain")], start=segment.start)
            if not segment.readable:
                os.truncate(path, int(KEPT_SHARE * path.stat().st_size))


def channel(ifo: str) -> str:
    """Return the name of a detector's strain channel."""
    return f"{ifo}:OBS-STRAIN"
