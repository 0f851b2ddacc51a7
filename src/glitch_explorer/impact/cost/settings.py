"""Assumptions of the cost."""

from dataclasses import asdict, dataclass

import numpy as np
import pandas as pd

from glitch_explorer.core.arrays import Bool, Float64
from glitch_explorer.core.errors import UserError
from glitch_explorer.impact.gates import MIN_GATE_S, gate_intervals


@dataclass(frozen=True)
class CostSettings:
    """Settings of the cost. See docs/explanation/cost.md.

    Raises
    ------
    UserError
        When one except the seed is not above 0, or not finite.
    """

    #: Shortest half width of a gate in seconds.
    min_gate_s: float = MIN_GATE_S
    #: Glitches below this SNR are not gated; None gates all.
    gate_snr: float | None = None
    #: Magnitude of the whitened strain, in standard deviations of the noise, above which a search gates.
    gate_threshold: float = 50.0
    #: False alarms per year at which a search's threshold is set, at least 10 in the live time.
    false_alarm_rate_per_yr: float = 1.0
    #: Signals per year that contamination is counted for.
    cbc_rate_per_yr: float = 10.0
    #: Seed of the resamples of blocks.
    seed: int = 42

    def __post_init__(self) -> None:
        for name, value in asdict(self).items():
            if name != "seed" and value is not None and not 0 < value < np.inf:
                raise UserError(f"impact.{name} must be above 0 and finite, not {value}")

    def is_gated(self, glitches: pd.DataFrame) -> Bool:
        """Return which glitches ``(n,)`` a search gates."""
        if self.gate_snr is None:
            return np.ones(len(glitches), bool)
        return np.asarray(glitches["snr"].to_numpy(dtype=float) >= self.gate_snr)

    def gates(self, glitches: pd.DataFrame) -> Float64:
        """Return the gates ``(n, 2)`` of glitches, GPS seconds."""
        times, durations = (glitches[name].to_numpy(dtype=float) for name in ("event_time", "duration_s"))
        return gate_intervals(times, durations, self.min_gate_s)
