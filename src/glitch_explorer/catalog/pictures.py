"""Pictures below the source paths: files in any layout of folders, and HDF5 files."""

import hashlib
import logging
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from tqdm import tqdm

from glitch_explorer.catalog.classes import canonical_class, known_label
from glitch_explorer.catalog.names import (
    HDF5_SUFFIXES,
    PICTURE_SUFFIXES,
    UNKNOWN_IFO,
    UNKNOWN_VIEW,
    PictureName,
    parse_name,
    subject_of,
)
from glitch_explorer.catalog.state import find_files, join
from glitch_explorer.core.errors import Quarantined, UserError, fact_text
from glitch_explorer.core.views import VIEW_LENGTHS_S, VIEW_NAMES

if TYPE_CHECKING:
    import h5py

#: Between an HDF5 file and the name inside it.
INSIDE = "::"
#: Function that reads the view length of a picture, in s, from its time axis; None where that is unclear.
#: It raises `Quarantined` for a picture that cannot be read.
ViewLength = Callable[[str], float | None]

_log = logging.getLogger(__name__)


class Picture(NamedTuple):
    """A picture: its path, the facts in its name and folders, and a digest of its bytes."""

    path: str
    folder: str
    ifo: str
    glitch_id: str
    view: int
    label: str | None
    digest: str


class BadPicture(NamedTuple):
    """A picture that could not be read."""

    source: str
    glitch_id: str | None
    detail: str


def find_pictures(paths: Iterable[str], view_length: ViewLength) -> tuple[list[Picture], list[BadPicture]]:
    """Return all pictures below `paths`, in sorted order, and those that cannot be read.

    Parameters
    ----------
    paths
        Files and folders.
    view_length
        For pictures whose file name has no view length.

    Raises
    ------
    UserError
        When a path does not exist or has no picture.
    """
    pictures: list[Picture] = []
    bad: list[BadPicture] = []
    for path in paths:
        before = len(pictures) + len(bad)
        files = [join(path, file.relative) for file in find_files(path)]
        images = [file for file in files if file.lower().endswith(PICTURE_SUFFIXES)]
        _read_tree(path, _names(images, view_length), pictures, bad)
        for file in files:
            if file.lower().endswith(HDF5_SUFFIXES):
                _read_container(file, pictures, bad)
        if len(pictures) + len(bad) == before:
            raise UserError(
                f"source {path!r} has no picture: it needs files named "
                "{ifo}_{id}_spectrogram_{view}.png, or HDF5 files with /<label>/<split>/<id>/<view>.png"
            )
    return pictures, bad


def folder_label(folders: Sequence[str]) -> str | None:
    """Return the class that the nearest folder is named after; None if there is none.

    Names like `H1L1`, `train` or `TrainingSet` are not classes.
    """
    return next((label for label in map(canonical_class, reversed(folders)) if label is not None), None)


def _read_tree(
    root: str, names: dict[str, PictureName], pictures: list[Picture], bad: list[BadPicture]
) -> None:
    """Read the picture files of one source path, which may itself be the folder of a class."""
    top = Path(os.path.abspath(root))  # noqa: PTH100 - a link keeps its name
    for file, name in tqdm(names.items(), desc="pictures", unit="picture", mininterval=5):
        try:
            digest = _digest(file)
        except (FileNotFoundError, PermissionError) as problem:
            bad.append(BadPicture(file, name.glitch_id, fact_text(error=type(problem).__name__)))
            continue
        folder = Path(file).parent
        above = [top.name, *folder.relative_to(root).parts] if file != root else [top.parent.name]
        pictures.append(Picture(file, str(folder), *name, folder_label(above), digest))


def _digest(file: str) -> str:
    return hashlib.blake2b(Path(file).read_bytes(), digest_size=16).hexdigest()


def _names(files: list[str], view_length: ViewLength) -> dict[str, PictureName]:
    """Return the name of every picture, by its file name or else by its time axis.

    Pictures `X-0` to `X-3` with different view lengths are the views of glitch `X`;
    any other picture is a glitch by itself, and the log has their number.
    """
    names: dict[str, PictureName] = {}
    alone: set[str] = set()
    subjects: dict[tuple[str, str], dict[str, int]] = {}
    for file in files:
        name = parse_name(file)
        if name is None:
            alone.add(file)
            stem = Path(file).stem
            view = _view_of(file, view_length)
            name = PictureName(UNKNOWN_IFO, stem, view)
            subject = subject_of(stem)
            if subject is not None and view != UNKNOWN_VIEW:
                subjects.setdefault((str(Path(file).parent), subject), {})[file] = view
        names[file] = name
    for (_, subject), views in subjects.items():
        if len(set(views.values())) == len(views):
            alone -= views.keys()
            names.update({file: PictureName(UNKNOWN_IFO, subject, view) for file, view in views.items()})
    if alone:
        _log.warning(
            "%d of %d pictures have names that are not understood, such as %s: each is a glitch by itself, "
            "of unknown detector; the four views of a glitch have names like H1_ID_spectrogram_1.0.png",
            len(alone), len(files), min(alone),
        )  # fmt: skip
    return names


def _view_of(file: str, view_length: ViewLength) -> int:
    """Return the slot of a picture by its time axis."""
    try:
        length = view_length(file)
    except Quarantined:  # stays in the catalogue: the stage views quarantines it with the reason
        return UNKNOWN_VIEW
    return VIEW_LENGTHS_S.index(length) if length in VIEW_LENGTHS_S else UNKNOWN_VIEW


def _read_container(file: str, pictures: list[Picture], bad: list[BadPicture]) -> None:
    """Read an HDF5 file with `/<label>/<split>/<id>/<view>.png`."""
    import h5py

    try:
        with h5py.File(file) as container:
            for dataset in tqdm(_datasets(container), desc=Path(file).name, unit="picture", mininterval=5):
                _read_member(file, dataset, pictures, bad)
    except (OSError, KeyError) as problem:
        _log.warning("%s cannot be read: %s", file, problem)
        bad.append(BadPicture(file, None, fact_text(error=type(problem).__name__)))


def _datasets(group: "h5py.Group") -> Iterator["h5py.Dataset"]:
    import h5py

    from glitch_explorer.core import hdf5

    for name in sorted(group):
        item = hdf5.member(group, name)
        if isinstance(item, h5py.Group):
            yield from _datasets(item)
        elif name.removesuffix(".png") in VIEW_NAMES:
            yield item


def _read_member(file: str, dataset: "h5py.Dataset", pictures: list[Picture], bad: list[BadPicture]) -> None:
    path = f"{file}{INSIDE}{dataset.name}"
    *folders, glitch_id, view = dataset.name.strip("/").split("/")
    try:
        content = dataset[()]
    except OSError as problem:
        _log.warning("%s cannot be read: %s", path, problem)
        bad.append(BadPicture(path, glitch_id, fact_text(error=type(problem).__name__)))
        return
    digest = hashlib.blake2b(f"{content.dtype} {content.shape} ".encode() + content.tobytes(), digest_size=16)
    # In this layout the first folder is the label, whatever its name.
    label = folder_label(folders) or (known_label(folders[0]) if len(folders) == 2 else None)
    slot = VIEW_NAMES.index(view.removesuffix(".png"))
    folder = path.rpartition("/")[0]
    pictures.append(Picture(path, folder, UNKNOWN_IFO, glitch_id, slot, label, digest.hexdigest()))
