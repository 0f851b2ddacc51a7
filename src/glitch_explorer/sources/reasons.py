"""Why there are no strain data; what a code means on a page is in `site/reasons.html`."""

from enum import StrEnum


class Reason(StrEnum):
    """Codes of strain that is missing in the column `reason` of table `quarantine`."""

    NO_FRAME = "no_frame"
    FRAME_UNUSABLE = "frame_unusable"
    STRAIN_GAP = "strain_gap"
