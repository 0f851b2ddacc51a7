"""Why a picture or strain gives no view; what a code means on a page is in `site/reasons.html`."""

from enum import StrEnum


class Reason(StrEnum):
    """Codes of this stage in the column `reason` of table `quarantine`."""

    FILE_MISSING = "file_missing"
    FILE_UNREADABLE = "file_unreadable"
    FILE_SIZE = "file_size"
    NOT_PNG_OR_JPEG = "not_png_or_jpeg"
    PICTURE_BROKEN = "picture_broken"
    DECOMPRESSION_BOMB = "decompression_bomb"
    PICTURE_SIZE = "picture_size"
    PIXEL_TYPE = "pixel_type"
    NO_SPECTROGRAM = "no_spectrogram"
    NOT_VIRIDIS = "not_viridis"
    GREY_WITH_AXES = "grey_with_axes"
    BLANK = "blank"
    MEMBER_MISSING = "member_missing"
    MEMBER_NOT_GREY = "member_not_grey"
    LENGTH_UNCLEAR = "length_unclear"
    LENGTH_TWICE = "length_twice"
    NO_PICTURE_OR_STRAIN = "no_picture_or_strain"
    EVENT_TIME_MISSING = "event_time_missing"
    STRAIN_TOO_SHORT = "strain_too_short"
    NOT_FINITE = "not_finite"
    FLAT_STRAIN = "flat_strain"
    VIEWS_NOT_COVERED = "views_not_covered"


class Flag(StrEnum):
    """Remarks on a glitch in the column `flags` of table `views`."""

    NOT_FINITE = "not_finite"
    FLAT_STRAIN = "flat_strain"
    NYQUIST_LIMITED = "nyquist_limited"
    SHORT_WHITENING = "short_whitening"
    CUT_VIEW = "cut_view"
    REPEATED_VALUES = "repeated_values"
    VIEW_FROM_AXIS = "view_from_axis"


#: Flags of a glitch that cannot be scanned: it has no view.
UNUSABLE = frozenset({Flag.NOT_FINITE, Flag.FLAT_STRAIN})
