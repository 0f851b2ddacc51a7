"""What lies in an HDF5 file itself: links out of it are refused, and sizes that it cannot hold."""

from pathlib import Path

import h5py

#: Deflate makes data at most 1032 times smaller; below this many bytes nobody is harmed.
_LARGEST_RATIO, _HARMLESS_BYTES = 1100, 1 << 24


def member(group: h5py.Group, name: str) -> h5py.Group | h5py.Dataset:
    """Give the member `name` of an open file or group.

    Raises
    ------
    KeyError
        When there is none.
    OSError
        When it lies in another file (by a link, as external or as virtual
        data), or declares far more bytes than the file can hold.
    """
    file = group.file.filename
    if isinstance(group.get(name, getlink=True), h5py.ExternalLink) or group[name].file.filename != file:
        raise OSError(f"{name!r} is a link to another file")
    item = group[name]
    if isinstance(item, h5py.Dataset):
        if item.external is not None or item.is_virtual:
            raise OSError(f"the data of {name!r} lie in another file")
        if item.nbytes > _LARGEST_RATIO * Path(file).stat().st_size + _HARMLESS_BYTES:
            raise OSError(f"{name!r} declares {item.nbytes} bytes, far more than the file can hold")
    return item
