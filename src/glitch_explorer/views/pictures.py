"""Decode a picture of a glitch into one view: normalized energy on a fixed time-frequency grid.

A picture is an image of the glitch's Q-transform: a PNG or JPEG of any size, with or without axes,
or a greyscale dataset in a Gravity Spy HDF5 file. The rows of a view run from 2048 Hz (row 0) to
10 Hz (last row), equally spaced in log2 frequency; the columns span the whole view length.
"""

import io
import math
import struct
import zlib
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Lock

import h5py
import numpy as np
import pyspng
from PIL import Image, UnidentifiedImageError

from glitch_explorer.catalog.pictures import INSIDE
from glitch_explorer.core import hdf5
from glitch_explorer.core.arrays import UInt8
from glitch_explorer.core.errors import Quarantined
from glitch_explorer.views import colormap
from glitch_explorer.views.axes import HIGH_HZ, LOW_HZ, Axes, find_axes, view_length
from glitch_explorer.views.reasons import Reason

#: Largest picture in bytes and in pixels, smallest side in pixels.
_MAX_BYTES, _MAX_PIXELS, _MIN_SIDE = 32 * 2**20, 2**24, 32
#: Largest mean distance of the colours from viridis, in 8-bit levels of a colour component; above it the
#: picture uses another colour map. JPEG and GIF copies reach 12; jet, plasma and the like begin at 50.
_LARGEST_DISTANCE = 30.0
#: Widths in pixels of the margins (top, bottom, left, right) of the spectrogram that tick marks cover, in an
#: 800 x 600 picture. Rows 66-531 and columns 105-670 of that picture are free of them.
_TICKS = (5, 8, 4, 3)


class Unreadable(Quarantined):
    """Raised when no view can be read from a picture."""


class Archives(ExitStack):
    """The HDF5 files that picture paths such as `file.h5::/Blip/train/id/0.5.png` refer to.

    Each file is opened once and stays open.
    """

    def __init__(self) -> None:
        super().__init__()
        self._files: dict[str, h5py.File] = {}
        self._lock = Lock()

    def read(self, file: str, member: str) -> UInt8:
        """Read the grey picture `member` of `file`, shape `(h, w)`.

        Raises
        ------
        Unreadable
            When the file or the member is missing, damaged, or not a grey picture.
        """
        try:
            with self._lock:
                if file not in self._files:
                    self._files[file] = self.enter_context(h5py.File(file, "r"))
                data = hdf5.member(self._files[file], member)
                if not isinstance(data, h5py.Dataset) or data.dtype != np.uint8 or data.size > _MAX_PIXELS:
                    raise Unreadable(Reason.MEMBER_NOT_GREY)
                grey = np.squeeze(np.asarray(data[()]))
        except FileNotFoundError as problem:
            raise Unreadable(Reason.FILE_MISSING) from problem
        except KeyError as problem:
            raise Unreadable(Reason.MEMBER_MISSING) from problem
        except OSError as problem:
            raise Unreadable(Reason.FILE_UNREADABLE, error=type(problem).__name__) from problem
        if grey.ndim != 2:
            raise Unreadable(Reason.MEMBER_NOT_GREY, shape=data.shape)
        return grey


@dataclass(frozen=True)
class Picture:
    """A decoded picture: its axes, and its pixels in colour `(h, w, 4)` or grey `(h, w)`."""

    axes: Axes
    pixels: UInt8

    @property
    def size(self) -> str:
        """Width x height, as in `800x600`."""
        height, width = self.pixels.shape[:2]
        return f"{width}x{height}"

    def length(self) -> float | None:
        """Return the view length in seconds by the time axis; None if uncertain."""
        return view_length(self.pixels, self.axes) if self.axes.framed else None

    def view(self, *, height: int, width: int, crop: bool = True) -> UInt8:
        """Return 10 times the normalized energy, resampled to `(height, width)` by area averaging.

        Rows outside the picture's frequency range are zero. `crop=False` leaves axes, labels and
        colour bar in, to show their effect on a map.

        Raises
        ------
        Unreadable
            When the colours are not those of viridis.
        """
        box = self.axes
        pixels = self.pixels[box.top : box.bottom, box.left : box.right] if crop else self.pixels
        grey = pixels.ndim == 2
        if crop and not grey and colormap.mean_distance(pixels[::4, ::4]) > _LARGEST_DISTANCE:
            raise Unreadable(Reason.NOT_VIRIDIS)
        energy = colormap.grey_energy(pixels) if grey else colormap.energy(pixels)
        if not (crop and box.framed):
            return _resize(energy, height, width, 0.0, float(len(energy)))
        _cover_ticks(energy, box.scale)
        octave = (len(energy) + 1) / math.log2(box.high_hz / box.low_hz)
        top = -0.5 - octave * math.log2(HIGH_HZ / box.high_hz)
        bottom = len(energy) + 0.5 + octave * math.log2(box.low_hz / LOW_HZ)
        return _resize(energy, height, width, top, bottom)


def _cover_ticks(energy: UInt8, scale: float) -> None:
    """Replace the margins that contain tick marks by copies of the nearest row or column without them."""
    top, bottom, left, right = (round(pixels * scale) for pixels in _TICKS)
    energy[:top] = energy[top]
    energy[-bottom:] = energy[-bottom - 1]
    energy[:, :left] = energy[:, left, None]
    energy[:, -right:] = energy[:, -right - 1, None]


def _resize(energy: UInt8, height: int, width: int, top: float, bottom: float) -> UInt8:
    """Average the rows `top` to `bottom` onto the grid; rows outside the picture are zero.

    The first and the last row are repeated once, in place of the one-pixel line of the frame around the
    spectrogram.
    """
    known = np.pad(energy, ((1, 1), (0, 0)), mode="edge")
    above, below = max(math.ceil(-top) - 1, 0), max(math.ceil(bottom) - len(energy) - 1, 0)
    canvas = np.pad(known, ((above, below), (0, 0)))
    first = top + above + 1
    box = (0, first, energy.shape[1], min(first + bottom - top, len(canvas)))
    image = Image.fromarray(canvas).resize((width, height), Image.Resampling.BOX, box=box)
    return np.asarray(image)


def decode(path: str | Path, archives: Archives | None = None) -> Picture:
    """Decode a picture and find its axes.

    Parameters
    ----------
    path
        A PNG or JPEG file, or `file.h5::/member`.
    archives
        Open HDF5 files, kept between calls.

    Raises
    ------
    Unreadable
        When it is missing, truncated, too large, not a picture, or has no spectrogram.
    """
    file, _, member = str(path).partition(INSIDE)
    if not member:
        return _picture(_decoded(_content(Path(file))))
    if archives is not None:
        return _grey(archives.read(file, member))
    with Archives() as once:
        return _grey(once.read(file, member))


def _content(path: Path) -> bytes:
    """Read a file.

    A file that is missing, not readable, empty or too large is quarantined; any other OSError, as of a
    failing disk, is raised.
    """
    try:
        size = path.stat().st_size
        if not 0 < size <= _MAX_BYTES:
            raise Unreadable(Reason.FILE_SIZE, bytes=size)
        return path.read_bytes()
    except (FileNotFoundError, NotADirectoryError) as problem:
        raise Unreadable(Reason.FILE_MISSING) from problem
    except (PermissionError, IsADirectoryError) as problem:
        raise Unreadable(Reason.FILE_UNREADABLE, error=type(problem).__name__) from problem


def _decoded(content: bytes) -> UInt8:
    """Decode PNG or JPEG to pixels: grey (h, w), or red, green, blue and alpha (h, w, 4)."""
    try:
        with Image.open(io.BytesIO(content), formats=("PNG", "JPEG")) as image:
            width, height = image.size
            if width * height > _MAX_PIXELS or min(width, height) < _MIN_SIDE:
                raise Unreadable(Reason.PICTURE_SIZE, width=width, height=height)
            if image.mode in {"L", "LA", "1"}:
                return np.asarray(image.convert("L"))
            if image.mode.startswith(("I", "F")):
                raise Unreadable(Reason.PIXEL_TYPE, mode=image.mode)
            return _colours(image, content)
    except UnidentifiedImageError as problem:
        raise Unreadable(Reason.NOT_PNG_OR_JPEG) from problem
    except Image.DecompressionBombError as problem:
        raise Unreadable(Reason.DECOMPRESSION_BOMB) from problem
    except (OSError, SyntaxError, ValueError, EOFError, struct.error, zlib.error) as problem:
        raise Unreadable(Reason.PICTURE_BROKEN, error=type(problem).__name__) from problem


def _colours(image: Image.Image, content: bytes) -> UInt8:
    """Return the pixels of a colour picture as red, green, blue and alpha.

    libspng needs 60 % of Pillow's time. What libspng cannot decode goes to Pillow, whose error message
    names the fault.
    """
    if image.format == "PNG" and image.mode in {"P", "RGB", "RGBA"}:
        with suppress(RuntimeError):
            return np.asarray(pyspng.load(content, format="RGBA"))
    return np.asarray(image.convert("RGBA"))


def _picture(pixels: UInt8) -> Picture:
    if pixels.ndim == 2:
        return _grey(pixels)
    axes = find_axes(pixels)
    if axes is not None:
        return Picture(axes, pixels)
    sample = pixels[::4, ::4, :3]
    if np.ptp(sample, axis=-1).max() <= 3:
        return _grey(np.ascontiguousarray(pixels[..., 1]))
    raise Unreadable(Reason.NO_SPECTROGRAM)


def _grey(grey: UInt8) -> Picture:
    """Return a greyscale picture.

    It must contain the spectrogram only, because in grey, axes cannot be distinguished from data.
    """
    height, width = grey.shape
    if min(height, width) < _MIN_SIDE:
        raise Unreadable(Reason.PICTURE_SIZE, width=width, height=height)
    border = np.concatenate([grey[0], grey[-1], grey[:, 0], grey[:, -1]])
    if (border > 240).mean() > 0.5:
        raise Unreadable(Reason.GREY_WITH_AXES)
    if np.ptp(grey) == 0:
        raise Unreadable(Reason.BLANK)
    return Picture(Axes(0, height, 0, width), grey)


def read_view(
    path: str | Path, *, height: int, width: int, crop: bool = True, archives: Archives | None = None
) -> tuple[UInt8, str]:
    """Read one view from a picture.

    Parameters
    ----------
    path
        PNG or JPEG file, or a member of an HDF5 file (``file.h5::/Blip/train/x/1.0.png``).
    height, width
        Pixels of the view.
    crop
        Whether to cut off axes, tick labels and title.
    archives
        Open HDF5 files, shared between calls.

    Returns
    -------
    view : numpy.ndarray
        10 times the normalized energy, uint8, shape `(height, width)`; row 0 is 2048 Hz.
    image_size : str
        Width x height of the picture, as in `800x600`.

    Raises
    ------
    Unreadable
        When it is not a picture of a spectrogram in viridis.
    """
    picture = decode(path, archives)
    return picture.view(height=height, width=width, crop=crop), picture.size


def read_view_length(path: str | Path) -> float | None:
    """Return the view length in seconds by the picture's time axis; None if uncertain.

    Raises
    ------
    Unreadable
        As `decode`.
    """
    return decode(path).length()
