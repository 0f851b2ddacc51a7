"""Names of picture files: `{ifo}_{id}_spectrogram_{view}.png` and variants."""

import math
import re
from pathlib import Path
from typing import NamedTuple

from glitch_explorer.core.views import VIEW_LENGTHS_S

#: Detector of a glitch whose source does not name it.
UNKNOWN_IFO = "unknown"
#: Slot of a picture of unknown view length, beside 0 to 3 of `VIEW_LENGTHS_S`.
UNKNOWN_VIEW = -1
#: Endings of picture files, in lower case.
PICTURE_SUFFIXES = (".png", ".jpg", ".jpeg")
#: Endings of HDF5 files, in lower case.
HDF5_SUFFIXES = (".h5", ".hdf5", ".hdf")

_NAME = re.compile(
    r"(?:(?P<ifo>[A-Z][0-9])_)?(?P<id>.+)_spectrogram_(?P<view>0?\.5|[124](?:\.0)?)\.(?:png|jpe?g)",
    re.IGNORECASE | re.DOTALL,
)
#: A GPS time with its fraction, or whole seconds since 2001, as the id of a glitch.
_GPS_ID = re.compile(r"[0-9]{9,10}\.[0-9]+|1[0-9]{9}")
_FRAME = re.compile(r"(?P<subject>.+)-[0-3]", re.DOTALL)


class PictureName(NamedTuple):
    """Detector (`unknown` if absent), glitch id and slot in `VIEW_LENGTHS_S` of a file name."""

    ifo: str
    glitch_id: str
    view: int


def parse_name(name: str) -> PictureName | None:
    """Parse the name of a picture file; None for a name of another kind.

    The detector may be missing (`blip-1_spectrogram_0.5.png`).
    """
    match = _NAME.fullmatch(Path(name).name)
    if match is None:
        return None
    view = VIEW_LENGTHS_S.index(float(match["view"]))
    ifo = match["ifo"].upper() if match["ifo"] else UNKNOWN_IFO
    return PictureName(ifo, match["id"], view)


def subject_of(stem: str) -> str | None:
    """Return the glitch of a numbered picture: Zooniverse names its pictures `-0` to `-3`."""
    match = _FRAME.fullmatch(stem)
    return match["subject"] if match else None


def gps_of_id(glitch_id: str) -> float:
    """Return the GPS time in s that is the id of a glitch, as in early tables of Gravity Spy; else NaN."""
    return float(glitch_id) if _GPS_ID.fullmatch(glitch_id) else math.nan
