"""The BNS range of the simulated observatory: a channel that glitches reduce by a planted share.

The range is that of the detector's design in a segment, with a slow drift and a scatter from minute to
minute; each glitch reduces it by a share in its minute. The strain does not show this: the
channel is that of a site's range monitor.
"""

from dataclasses import dataclass

import numpy as np

from glitch_explorer.core.arrays import Float
from glitch_explorer.observatory.plan import Injection, Plan, stream

#: Name of the channel, as a site's range monitor has it, and its rate.
CHANNEL = "CDS-SENSMON_CAL_SNSW_EFFECTIVE_RANGE_MPC"
RATE_HZ = 1
#: Usual range, Mpc, as in O3b (Davis et al. 2021, arXiv:2101.11673).
USUAL_MPC = {"H1": 112.0, "L1": 133.0}
OTHER_MPC = 50.0
#: Scatter from segment to segment, of the drift in a segment, and from minute to minute, nepers.
SEGMENT_SCATTER, DRIFT, MINUTE_SCATTER = 0.015, 0.004, 0.003
#: Share of the range that one glitch takes for its minute, by class; all other classes take none.
LOSS: dict[str, float] = {
    "Extremely_Loud": 0.050,
    "Scattered_Light": 0.030,
    "Fast_Scattering": 0.020,
    "Koi_Fish": 0.012,
    "1080Lines": 0.010,
    "Low_Frequency_Lines": 0.008,
    "Whistle": 0.006,
}
#: Scatter of a glitch's share, nepers.
LOSS_SCATTER = 0.3
MINUTE_S = 60

_SEGMENT, _LOSS = 230, 231


@dataclass(frozen=True)
class Minutes:
    """The whole and partial minutes of a segment."""

    #: ``(m,)`` GPS start of the minute, and its live time in seconds.
    start: Float
    live_s: Float
    #: ``(m,)`` range without any glitch, and with them, Mpc.
    without_mpc: Float
    with_mpc: Float


def loss(plan: Plan, injection: Injection) -> float:
    """Return the share by which a glitch reduces the range of its minute."""
    scatter = stream(plan.seed, _LOSS, injection.number).lognormal(0.0, LOSS_SCATTER)
    return 0.0 if injection.event else LOSS.get(injection.name, 0.0) * float(scatter)


def minutes(plan: Plan, index: int) -> Minutes:
    """Draw the range of each minute of the segment of that index."""
    segment = plan.segments[index]
    start = np.arange(segment.start // MINUTE_S, -(-segment.end // MINUTE_S)) * float(MINUTE_S)
    live = np.minimum(start + MINUTE_S, segment.end) - np.maximum(start, segment.start)
    rng = stream(plan.seed, _SEGMENT, *segment.ifo.encode(), segment.level_key)
    level = USUAL_MPC.get(segment.ifo, OTHER_MPC) * rng.lognormal(0.0, SEGMENT_SCATTER)
    drift = DRIFT * np.interp(np.arange(len(start)), [0, len(start)], rng.standard_normal(2))
    without = level * np.exp(drift + MINUTE_SCATTER * rng.standard_normal(len(start)))
    share = np.ones(len(start))
    for injection in plan.injections:
        if injection.segment == index:
            share[int((injection.time - start[0]) // MINUTE_S)] *= 1.0 - loss(plan, injection)
    return Minutes(start, live, without, without * share)


def samples(plan: Plan, index: int) -> Float:
    """Compute the channel (n,) of a segment, Mpc: each second has the range of its minute."""
    segment, drawn = plan.segments[index], minutes(plan, index)
    seconds = np.arange(segment.start, segment.end)
    return np.asarray(drawn.with_mpc[(seconds - drawn.start[0]).astype(int) // MINUTE_S])
