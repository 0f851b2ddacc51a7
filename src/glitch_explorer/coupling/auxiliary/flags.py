"""Segments of auxiliary flags from files: LIGO_LW, text, CSV, JSON, HDF5 with one or many channels."""

import logging
import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from igwn_segments import segmentlist

from glitch_explorer.core import tables
from glitch_explorer.core.arrays import Float64
from glitch_explorer.core.errors import UserError
from glitch_explorer.core.intervals import complement, intersect, lengths, union
from glitch_explorer.coupling.coincidence.segments import AuxiliarySegments
from glitch_explorer.sources.segments import Flag, read_flag_file

#: Endings of segment files in a folder.
_SUFFIXES = (".txt", ".dat", ".csv", ".json", ".xml", ".xml.gz", ".h5", ".hdf5")
_CHANNEL = re.compile(r"[A-Z][0-9]:.")

_log = logging.getLogger(__name__)


def read_flags(
    paths: Sequence[str | Path], ifo: str, segments: Float64, *, detectors: Sequence[str] = ()
) -> list[AuxiliarySegments]:
    """Read the auxiliary segments of one detector.

    Parameters
    ----------
    paths
        Files in any format of `sources.segments.read_segments`, and folders of them; `{ifo}` stands for the
        detector. Files of several stretches of time of one channel are joined.
    ifo
        Detector; flags of others are left out.
    segments
        ``(k, 2)`` analysis segments of the detector.
    detectors
        Detectors of the study, for files that do not name theirs; `ifo` where there are none.

    Returns
    -------
    list
        Channels in alphabetical order; none where all flags are of other detectors. In the HDF5 files of
        `gwdetchar.scattering` a group is named after the channel, and several channels have one flag: the
        channel is the group's name where that is a channel of the detector, else the flag's. A flag is known
        everywhere where its file does not say where.

    Raises
    ------
    UserError
        When a path does not exist, a file cannot be read, or the detector has flags, but none has any time
        in common with the analysis segments.
    """
    paths = [str(path).replace("{ifo}", ifo) for path in paths]
    flags = [flag for path in _files(paths) for flag in read_flag_file(path, detectors or [ifo])]
    of_ifo = [flag.ifo == ifo for flag in flags]
    tables.log_effect("auxiliary segments", of_ifo, f"are of {ifo}", unit="flags")
    by_channel: dict[str, list[Flag]] = {}
    for flag, counts in zip(flags, of_ifo, strict=True):
        if counts:
            by_channel.setdefault(_channel_of(flag), []).append(flag)
    channels = [_joined(name, by_channel[name]) for name in sorted(by_channel)]
    live = union(segments)
    if channels and not any(len(intersect(channel.known, live)[0]) for channel in channels):
        raise UserError(
            f"the {len(channels)} auxiliary flags of {ifo} have no time in common with the analysis segments "
            f"(GPS {live.min(initial=np.inf):g} to {live.max(initial=-np.inf):g}); check the files, such as "
            f"{next(iter(paths), 'none')}"
        )
    return channels


def _files(paths: Sequence[str | Path]) -> list[Path]:
    """Return the segment files at `paths`; in folders, those with a known ending."""
    files: list[Path] = []
    for path in map(Path, paths):
        if not path.exists():
            raise UserError(f"auxiliary segments {path} do not exist; correct the path")
        if path.is_file():
            files.append(path)
            continue
        inside = sorted(file for file in path.rglob("*") if file.name.lower().endswith(_SUFFIXES))
        if not inside:
            raise UserError(f"folder {path} has no segment file: none ends in {', '.join(_SUFFIXES)}")
        files += inside
    return files


def _channel_of(flag: Flag) -> str:
    """Return the channel of a flag, or its name with the detector."""
    if _CHANNEL.match(flag.member) and flag.member.startswith(f"{flag.ifo}:"):
        return flag.member
    # A text file has the name of its flag only in its own: L1-OVERFLOW.txt.
    return f"{flag.ifo}:{flag.name.removeprefix(flag.ifo).lstrip(':-_')}"


def _joined(name: str, flags: Sequence[Flag]) -> AuxiliarySegments:
    """Join the flags of one channel."""
    active = union(np.concatenate([_intervals(flag.active) for flag in flags]))
    if any(flag.known is None for flag in flags):
        return AuxiliarySegments(name, active, np.array([[-np.inf, np.inf]]))
    known = union(np.concatenate([_intervals(flag.known) for flag in flags if flag.known is not None]))
    outside, _, _ = intersect(active, complement(known))
    if len(outside):
        seconds = lengths(outside).sum()
        _log.warning("%s is active for %g s where it is not known; they count as known", name, seconds)
    return AuxiliarySegments(name, active, union(np.concatenate([known, active])))


def _intervals(segments: segmentlist) -> Float64:
    return np.array([[float(a), float(b)] for a, b in segments]).reshape(-1, 2)
