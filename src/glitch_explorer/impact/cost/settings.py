"""What a cost assumes."""

from dataclasses import asdict, dataclass

import numpy as np

from glitch_explorer.core.errors import UserError


@dataclass(frozen=True)
class CostSettings:
    """Settings of costs; docs/explanation/cost.md says what each does.

    Raises
    ------
    UserError
        When one is not above 0.
    """

    #: Least half width of a gate, s.
    least_gate_s: float = 0.5
    #: Glitches below this SNR are not gated; None gates all.
    gate_snr: float | None = None
    #: False alarms a year at which a search's threshold is held, at least 10 in the live time.
    false_alarm_rate_per_yr: float = 1.0
    #: Signals a year that contamination is counted for.
    cbc_rate_per_yr: float = 10.0

    def __post_init__(self) -> None:
        for name, value in asdict(self).items():
            if value is not None and not (np.isfinite(value) and value > 0):
                raise UserError(f"cost settings: {name} must be above 0, not {value}")
