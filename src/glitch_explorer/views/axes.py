"""The position of the spectrogram in a picture, its frequency range and its view length.

A picture may have any size and style. The spectrogram is the widest area of coloured pixels:
text, ticks and frame are grey, and no colour of viridis is near grey. The frequency range
follows from the tick labels, which are the powers of two from 16 Hz up, the view length from
the shapes of the labels of the time axis.
"""

from dataclasses import dataclass, replace

import numpy as np

from glitch_explorer.core.arrays import Bool, Float32, Float64, UInt8, runs

#: The frequency axis of every view, in Hz.
LOW_HZ, HIGH_HZ = 10.0, 2048.0
#: Width of the spectrogram in pixels for which the sizes below hold (800 x 600 pictures).
_NOMINAL_WIDTH = 573
#: Least height and width of a spectrogram in pixels.
_SMALLEST = 32
#: Darkness (0 to 1) above which a pixel belongs to a letter.
_INK = 0.45
#: Correlation with the picture's digit 0 above which a digit is a 0, and below which it is not.
_IS_ZERO, _IS_OTHER = 0.68, 0.6


@dataclass(frozen=True)
class Axes:
    """The spectrogram in a picture: rows `top` to `bottom`, columns `left` to `right` (exclusive).

    `low_hz` and `high_hz` are the frequencies of its lower and upper edge; `framed` is true when
    there are axes around it.
    """

    top: int
    bottom: int
    left: int
    right: int
    low_hz: float = LOW_HZ
    high_hz: float = HIGH_HZ
    framed: bool = False

    @property
    def scale(self) -> float:
        """Size of letters and ticks relative to an 800 x 600 picture."""
        return (self.right - self.left) / _NOMINAL_WIDTH


def _widest(mask: Bool) -> tuple[int, int]:
    """Return the longest run of true values, across breaks of up to 4."""
    joined: list[tuple[int, int]] = []
    for start, stop in runs(mask):
        first = joined.pop()[0] if joined and start - joined[-1][1] <= 4 else start
        joined.append((first, stop))
    return max(joined, key=lambda run: run[1] - run[0], default=(0, 0))


def _coloured(pixels: UInt8) -> Bool:
    red, green, blue = pixels[..., 0], pixels[..., 1], pixels[..., 2]
    high, low = np.maximum(np.maximum(red, green), blue), np.minimum(np.minimum(red, green), blue)
    return np.asarray(high - low > 40)


def find_axes(rgba: UInt8) -> Axes | None:
    """Return the position of the spectrogram in a picture `(h, w, 4)`; None if there is none."""
    height, width = rgba.shape[:2]
    left, right = _widest(_coloured(rgba[::8]).mean(0) > 0.5)
    if right - left < max(_SMALLEST, 0.4 * width):
        return None
    # Only letters are above and below it; a row of other colours inside is not an edge.
    rows = np.flatnonzero(_coloured(rgba[:, left:right:8]).mean(1) > 0.5)
    if rows.size < max(_SMALLEST, 0.4 * height):
        return None
    top, bottom = int(rows[0]), int(rows[-1]) + 1
    axes = Axes(top, bottom, left, right, framed=right - left < 0.95 * width and bottom - top < 0.95 * height)
    frequencies = _frequency_range(rgba, axes) if axes.framed else None
    if frequencies is None:
        return axes
    return replace(axes, low_hz=frequencies[0], high_hz=frequencies[1])


def _ink(pixels: UInt8) -> Float32:
    """Return the darkness of each pixel, 0 (white) to 1 (black)."""
    return np.asarray(1 - pixels[..., 1] / np.float32(255))


def _frequency_range(rgba: UInt8, axes: Axes) -> tuple[float, float] | None:
    """Read the frequencies of the lower and upper edge off the tick labels.

    The range of a picture depends on its Q plane: it begins at 10 to 10.9 Hz and ends at
    1.8 to 2.05 kHz.
    """
    near, far = (axes.left - round(pixels * axes.scale) for pixels in (7, 26))
    rows = (_ink(rgba[:, max(far, 0) : max(near, 1)]) > _INK).any(1)
    labels = np.array(
        [
            (start + stop) / 2
            for start, stop in runs(rows)
            if axes.top - 8 <= (start + stop) / 2 <= axes.bottom + 8 and stop - start >= 6 * axes.scale
        ]
    )
    if labels.size < 6:
        return None
    octave = np.arange(labels.size)[::-1] + 4.0  # the lowest label is 16 Hz
    slope, intercept = np.polyfit(labels, octave, 1)
    if np.abs(slope * labels + intercept - octave).max() > 0.05:
        return None
    ticks = (octave - intercept) / slope
    intercept -= slope * _tick_offset(rgba, axes, ticks)
    # The edges of the axes run through the middle of the frame's line.
    low, high = (float(2 ** (slope * edge + intercept)) for edge in (axes.bottom + 0.5, axes.top - 0.5))
    return (low, high) if 9 < low < 12 and 1500 < high < 2200 else None


def _tick_offset(rgba: UInt8, axes: Axes, labels: Float64) -> float:
    """Return how many pixels a tick is below the middle of its label (some fonts sit low).

    Ticks are short dark lines outside the left edge, or inside both edges.
    """
    reach = max(round(4 * axes.scale), 2)
    strips = [(axes.left - reach - 1, axes.left - 2), (axes.left, axes.left + reach - 1)]
    strips.append((axes.right - reach + 1, axes.right))
    # Red or blue is bright in every colour of viridis.
    brightness = np.stack(
        [np.maximum(rgba[:, a:b, 0], rgba[:, a:b, 2]).mean(1, dtype=np.float32) for a, b in strips]
    )
    step = round(3 * axes.scale)
    contrast = (np.roll(brightness, step, 1) + np.roll(brightness, -step, 1)) / 2 - brightness
    offsets = np.linspace(-4, 4, 65) * axes.scale
    where = labels[:, None] + offsets - 0.5
    rows = np.arange(len(rgba))
    evidence = np.sum([np.interp(where, rows, strip).clip(0, 80).mean(0) for strip in contrast], axis=0)
    return float(offsets[evidence > 0.9 * evidence.max()].mean())


def view_length(rgba: UInt8, axes: Axes) -> float | None:
    """Return the view length in seconds by the labels of the time axis; None if uncertain.

    Five labels are at the quarters of the axis: 0.0 in the middle, a quarter and half of the length to
    its right. The middle label shows the shape of a 0 in this picture. The last label is 0.25, 0.5, 1.0
    or 2.0, distinguished by its zeros and its width; the label before it must agree.
    """
    labels = _time_labels(rgba, axes)
    if labels is None:
        return None
    middle, quarter, half = labels
    first, last = runs((middle > _INK).any(0))[0]
    zero = middle[:, first:last]
    signs = [_is_zero(part, zero) for part in (quarter, half) for part in (part, part[:, ::-1])]
    width = half.shape[1] / middle.shape[1]
    growth = quarter.shape[1] / half.shape[1]
    for seconds, zeros, wide, wider in (
        (0.5, [True, False, True, False], True, True),  # 0.125, 0.25
        (1.0, [True, False, True, False], False, True),  # 0.25, 0.5
        (2.0, [True, False, False, True], False, False),  # 0.5, 1.0
        (4.0, [False, True, False, True], False, False),  # 1.0, 2.0
    ):
        if signs == zeros and wide == (width > 1.2) and wider == (growth > 1.12):
            return seconds
    return None


def _time_labels(rgba: UInt8, axes: Axes) -> tuple[Float32, Float32, Float32] | None:
    """Return the pixels of the third, fourth and fifth label of the time axis; None if there are not five."""
    margin = round(26 * axes.scale)
    first = max(axes.left - margin, 0)
    below = _ink(rgba[axes.bottom :, first : axes.right + margin])
    bands = [run for run in runs((below > _INK).any(1)) if run[1] - run[0] >= 9 * axes.scale]
    if not bands:
        return None
    band = below[slice(*bands[0])]
    labels: list[list[int]] = []
    for start, stop in runs((band > _INK).any(0)):
        if labels and start - labels[-1][1] < 10 * axes.scale:
            labels[-1][1] = stop
        else:
            labels.append([start, stop])
    if len(labels) != 5:
        return None
    centres = np.array([start + stop for start, stop in labels[2:]]) / 2 + first
    expected = axes.left + (axes.right - axes.left) * np.array([0.5, 0.75, 1.0])
    if np.abs(centres - expected).max() > 6 * axes.scale:
        return None
    middle, quarter, half = (band[:, start:stop] for start, stop in labels[2:])
    return middle, quarter, half


def _is_zero(label: Float32, zero: Float32) -> bool | None:
    """Return whether a label begins with the digit 0; None if that is unclear.

    A 0 is its own mirror image, so a mirrored label is tested for its last digit.
    """
    padded = np.pad(label, ((1, 1), (1, zero.shape[1])))
    windows = np.lib.stride_tricks.sliding_window_view(padded, zero.shape)[:3, :3].reshape(9, -1)
    windows = windows - windows.mean(1, keepdims=True)
    shape = zero.ravel() - zero.mean()
    norms = np.linalg.norm(windows, axis=1) * np.linalg.norm(shape)
    best = float((windows @ shape / np.maximum(norms, 1e-6)).max())
    if best >= _IS_ZERO:
        return True
    return None if best > _IS_OTHER else False
