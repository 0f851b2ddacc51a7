"""Why there are no data of a channel; what a code means on a page is in `site/reasons.html`."""

from enum import StrEnum

from glitch_explorer.core.errors import Quarantined


class Reason(StrEnum):
    """Codes of missing data in the column `reason` of tables `quarantine` and `channel_coverage`."""

    NO_FRAME = "no_frame"
    NO_CHANNEL = "no_channel"
    NOT_SERVED = "not_served"
    FRAME_DAMAGED = "frame_damaged"
    OTHER_RATE = "other_rate"
    NOT_FINITE = "not_finite"
    STRAIN_GAP = "strain_gap"
    CONSTANT = "constant"
    NOT_SETTLED = "not_settled"


class StrainMissing(Quarantined):
    """There are no usable data for this channel and interval."""
