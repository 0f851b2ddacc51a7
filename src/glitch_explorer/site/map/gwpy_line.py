"""The line of gwpy that reads the strain around a glitch."""


def gwpy_line(source: str, *, channel: str, frames: str | None, frame_type: str | None) -> str:
    """Return the line for a source of strain of `sources.strain.open_strain`.

    Parameters
    ----------
    source
        "frames", "gwdatafind", "nds2"; for "gwosc", and for "none" (pictures), the public data.
    channel, frames, frame_type
        As in the config; `{ifo}` means the detector.

    Returns
    -------
    str
        `{ifo}`, `{start}` and `{end}` (GPS s) in it are placeholders.
    """
    span = "{start}, {end}"
    if source == "frames":
        return f"TimeSeries.read(glob({_frame_files(frames or '')!r}, recursive=True), {channel!r}, {span})"
    if source == "gwdatafind":
        return f"TimeSeries.find({channel!r}, {span}, frametype={frame_type!r})"
    if source == "nds2":
        return f"TimeSeries.get({channel!r}, {span})"
    return f"TimeSeries.fetch_open_data('{{ifo}}', {span})"


def channel_line(source: str, *, frames: str | None, frame_type: str | None) -> str | None:
    """Return the line that reads an auxiliary channel, `{channel}` in it; None without a source of gwpy's.

    Parameters
    ----------
    source
        "frames", "gwdatafind" or "nds2"; there is no line for others.
    frames, frame_type
        As for `gwpy_line`.
    """
    if source not in ("frames", "gwdatafind", "nds2") or (source == "frames" and not frames):
        return None
    return gwpy_line(source, channel="{channel}", frames=frames, frame_type=frame_type)


def _frame_files(frames: str) -> str:
    """Return the glob of the frames of a folder; globs and files as they are."""
    return frames if frames.endswith((".gwf", ".h5", ".hdf5")) else f"{frames.rstrip('/')}/**/*.gwf"
