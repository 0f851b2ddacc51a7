"""Names of channels: which are strain, and the channel behind a name with a suffix."""

import re
from fnmatch import fnmatchcase

#: Names of strain channels: LIGO's and GWOSC's (GDS-CALIB_STRAIN_CLEAN, DCS-CALIB_STRAIN_C01,
#: GWOSC-16KHZ_R1_STRAIN), and Virgo's (Hrec_hoft_16384Hz, h_16384Hz).
STRAIN_NAMES = ("*[-_:]STRAIN", "*[-_:]STRAIN_*", "*:Hrec_*", "*:h_[0-9]*Hz")
#: NDS2's suffixes: the statistic of a trend, and the type of the data.
_SUFFIX = re.compile(r"(?:\.(?:mean|rms|min|max|n))?(?:,.*)?$")
#: Characters that file names of triggers replace by `_`.
_REPLACED = re.compile(r"[^A-Za-z0-9:]")


def base_channel(name: str) -> str:
    """Return the channel behind a name with NDS2's suffixes: `X` for `X,reduced`, `X.mean,m-trend`."""
    return _SUFFIX.sub("", name)


def stored_channel(name: str) -> str:
    """Return the name of a channel in frame files: without the type of data that NDS2 has after a comma."""
    return name.partition(",")[0]


def plain_channel(name: str) -> str:
    """Return what all spellings of a channel have in common, those in names of files included."""
    return _REPLACED.sub("_", base_channel(name))


def is_strain(name: str, strain: str = "") -> bool:
    """Check whether a channel is strain by its name.

    Parameters
    ----------
    name
        Channel with its detector, `L1:GDS-CALIB_STRAIN`. Other characters than letters and digits may
        be underscores, as in the names of trigger files: `L1:GDS_CALIB_STRAIN`.
    strain
        A name that is strain, beside `STRAIN_NAMES`; `{ifo}` stands for the detector.
    """
    base = base_channel(name)
    same = plain_channel(name) == plain_channel(strain.replace("{ifo}", base.split(":", 1)[0]))
    return same or any(fnmatchcase(base, pattern) for pattern in STRAIN_NAMES)
