"""Members of HDF5 files: links out of the file and impossible sizes are refused."""

from pathlib import Path

import h5py

#: What h5py raises for a damaged file.
ERRORS = (OSError, RuntimeError, KeyError)
#: Deflate makes data at most 1032 times smaller; up to this many bytes any ratio is accepted.
_LARGEST_RATIO, _SMALL_BYTES = 1100, 1 << 24


def member(group: h5py.Group, name: str) -> h5py.Group | h5py.Dataset:
    """Return the member `name` of an open file or group.

    Raises
    ------
    KeyError
        When there is none.
    OSError
        When it is in another file (by a link, as external or as virtual data),
        or declares far more bytes than the file can have.
    """
    file = group.file.filename
    if isinstance(group.get(name, getlink=True), h5py.ExternalLink) or group[name].file.filename != file:
        raise OSError(f"{name!r} is a link to another file")
    item = group[name]
    if isinstance(item, h5py.Dataset):
        if item.external is not None or item.is_virtual:
            raise OSError(f"the data of {name!r} are in another file")
        if item.nbytes > _LARGEST_RATIO * Path(file).stat().st_size + _SMALL_BYTES:
            raise OSError(f"{name!r} declares {item.nbytes} bytes, far more than the file can have")
    return item
