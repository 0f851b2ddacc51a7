"""Q-scans: the four views of many glitches from strain.

The result is that of gwpy's `TimeSeries.q_transform(gps=t, search=0.5, tres=0.002,
qrange=(4, 64), frange=(10, 2048))`: same whitening, tiles, median normalisation, choice
of plane and spline interpolation, but one whitening and one search for all four views.
A pixel is the mean of gwpy's 2 ms steps, each clipped as the colour scale clips it.

Short cuts that change no pixel: the filter is designed on 16 s; fast rows are transformed
in an excerpt around the event; their medians use every nth tile of the data; only
the loudest planes get exact medians, and only one plane is drawn.

ml4gw's `QScan` (0.8.5) is no substitute: it chooses one plane for the whole batch, by
the peak anywhere in the data, draws only the whole length of the data, and computes
every plane in full, which is most of gwpy's work.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import torch

from glitch_explorer.core.errors import UserError
from glitch_explorer.core.threads import one_thread
from glitch_explorer.core.views import LEAST_STRAIN_S, VIEW_LENGTHS_S, WHITENED_S
from glitch_explorer.views.drawing import draw_plane, pixels
from glitch_explorer.views.energies import (
    Energies,
    event_energies,
    ratio,
    row_energies,
    row_peaks,
    split,
)
from glitch_explorer.views.reasons import UNUSABLE, Flag
from glitch_explorer.views.tiling import FREQUENCY_RANGE, Tiling, tiling, top_frequency
from glitch_explorer.views.whitening import median, whitened_spectrum

#: Least sample rate, in Hz.
LEAST_RATE = 1024
#: Planes whose first peak is at least this share of the best get exact medians.
CANDIDATE = 0.8
#: Share of samples equal to the previous one above which strain is flat.
FLAT_SHARE = 0.5
#: Glitches per batch on an accelerator; on a CPU each is computed alone.
BATCH = 16


def first_medians(parts: torch.Tensor, groups: list[Energies], tiles: Tiling) -> torch.Tensor:
    """Return the median energy of each row, `(b, rows)`: exact for slow rows, of few tiles for fast ones."""
    medians = parts.new_empty((parts.shape[1], len(tiles.rows)))
    for slow in groups[: len(tiles.whole)]:
        medians[:, slow.rows] = median(slow.energies)
    for group in tiles.first:
        medians[:, group.rows] = row_energies(parts, group).median(-1).values
    return medians


def choose_plane(
    parts: torch.Tensor, peaks: torch.Tensor, medians: torch.Tensor, tiles: Tiling
) -> tuple[int, torch.Tensor]:
    """Return the plane with the highest peak for one glitch.

    Parameters
    ----------
    parts
        Float32 `(2, 1, k)`: the split spectrum of its whitened data.
    peaks, medians
        `(rows,)`: each row's highest energy near the event, and its first median.

    Returns
    -------
    plane
        Index in `tiles.planes`.
    medians
        Final medians of that plane's rows.
    """
    spans = [slice(rows.start, rows.stop) for rows in tiles.planes]
    first = [float(ratio(peaks[span], medians[span]).amax()) for span in spans]
    best, chosen, chosen_medians = -1.0, 0, medians
    for plane, span in enumerate(spans):
        if first[plane] < CANDIDATE * max(first):
            continue
        final = medians.clone()
        for group in tiles.final[plane]:
            final[group.rows] = row_energies(parts, group).median(-1).values[0]
        peak = float(ratio(peaks[span], final[span]).amax())
        if peak > best:
            best, chosen, chosen_medians = peak, plane, final[span]
    return chosen, chosen_medians


def _scan(
    strain: torch.Tensor, offsets: list[float], *, sample_rate: int, height: int, width: int
) -> torch.Tensor:
    """Return the views of a batch, uint8 `(b, 4, height, width)`, from float64 `(b, n)`."""
    tiles = tiling(
        seconds=strain.shape[-1] // sample_rate,
        sample_rate=sample_rate,
        height=height,
        device=str(strain.device),
    )
    spectrum = whitened_spectrum(strain, sample_rate=sample_rate)
    parts = split(spectrum)
    groups = event_energies(spectrum, offsets, tiles)
    peaks = row_peaks(groups, offsets, tiles)
    medians = first_medians(parts, groups, tiles)
    views = []
    for i, offset in enumerate(offsets):
        plane, final = choose_plane(parts[:, i : i + 1], peaks[i], medians[i], tiles)
        picture = draw_plane(groups, i, offset=offset, plane=plane, medians=final, tiles=tiles)
        views.append(pixels(picture, width=width))
    return torch.stack(views)


def _whole_seconds(strain: np.ndarray, offset: float, *, sample_rate: int) -> tuple[np.ndarray, float]:
    """Return `strain` `(n,)` cut to whole seconds at the end farther from the event, and the new offset."""
    rest = strain.size % sample_rate
    if rest and offset > strain.size / sample_rate / 2:
        return strain[rest:], offset - rest / sample_rate
    return strain[: strain.size - rest], offset


def _check(strain: np.ndarray, offsets: np.ndarray, *, sample_rate: int) -> None:
    """Refuse input that cannot be scanned."""
    if strain.ndim != 2 or offsets.shape != strain.shape[:1]:
        raise UserError(f"strain of shape {strain.shape} needs one event offset per row, not {offsets.shape}")
    seconds = strain.shape[1] / sample_rate
    if seconds < LEAST_STRAIN_S:
        raise UserError(
            f"{seconds:g} s of strain is too short for a Q-scan: at least {LEAST_STRAIN_S:g} s are needed"
        )
    if sample_rate < LEAST_RATE or sample_rate % 2:
        raise UserError(
            f"a Q-scan needs an even sample rate of at least {LEAST_RATE} Hz, not {sample_rate} Hz"
        )
    outside = np.flatnonzero(~((offsets >= 0) & (offsets <= seconds)))
    if outside.size:
        raise UserError(
            f"row {outside[0]}: the event, at {offsets[outside[0]]} s, is outside its {seconds:g} s of strain"
        )


def _flags(strain: np.ndarray, offset: float, *, sample_rate: int) -> list[str]:
    """Return the flags of one glitch, as in the result of `qscan`."""
    seconds = strain.size / sample_rate
    half = VIEW_LENGTHS_S[-1] / 2
    flags = {
        Flag.NOT_FINITE: not np.isfinite(strain).all(),
        Flag.FLAT_STRAIN: np.count_nonzero(strain[1:] == strain[:-1]) > FLAT_SHARE * strain.size,
        Flag.NYQUIST_LIMITED: top_frequency(sample_rate) < FREQUENCY_RANGE[1],
        Flag.SHORT_WHITENING: seconds < WHITENED_S,
        Flag.CUT_VIEW: offset < half or offset > seconds - half,
    }
    return [name for name, is_set in flags.items() if is_set]


def _run(scan: Callable[[list[int]], None], rows: list[int], *, device: str, threads: int) -> None:
    """Scan `rows` so that the result of each depends neither on the other rows nor on `threads`."""
    if torch.device(device).type == "cpu":
        with one_thread(), ThreadPoolExecutor(threads, "qscan", torch.set_num_threads, (1,)) as pool:
            list(pool.map(scan, [[row] for row in rows]))
        return
    # All batches have one size, because an accelerator may sum in another order in another size.
    for start in range(0, len(rows), BATCH):
        batch = rows[start : start + BATCH]
        scan(batch + batch[-1:] * (BATCH - len(batch)))


def qscan(
    strain: np.ndarray,
    *,
    sample_rate: int,
    event_offset: np.ndarray,
    height: int = 128,
    width: int = 128,
    device: str = "cpu",
    threads: int = 1,
) -> tuple[np.ndarray, list[list[str]]]:
    """Q-scan a batch of glitches (Chatterji 2005; as gwpy's `q_transform`).

    The views of a glitch depend on its own row only, not on the other rows or `threads`.

    Parameters
    ----------
    strain
        Float64 `(b, n)`: strain of one length around each event, about 64 s. A fraction of a
        second is dropped at the end farther from the event.
    sample_rate
        In Hz, even. The views reach 2048 Hz from 8192 Hz on; at 4096 Hz they end at 1291 Hz.
    event_offset
        `(b,)`: time of each event from the start of its row, in seconds.
    height, width
        Pixels of a view.
    device
        Torch device.
    threads
        Glitches computed at the same time on a CPU.

    Returns
    -------
    views
        Uint8 `(b, 4, height, width)`: 0.5, 1, 2 and 4 s, the highest frequency first, ten
        times the energy clipped to 25.5; zero outside the data.
    flags
        The codes of each glitch: `nyquist_limited` (ends below 2048 Hz), `short_whitening`
        (less than 64 s), `cut_view` (the 4 s view is not covered), `not_finite` or
        `flat_strain` (no scan: all zero).

    Raises
    ------
    UserError
        When shapes, length (4 s), rate (even, 1024 Hz) or an event's offset are not possible.
    """
    strain, offsets = np.asarray(strain, dtype=np.float64), np.asarray(event_offset, dtype=np.float64)
    _check(strain, offsets, sample_rate=sample_rate)
    flags = [_flags(row, event, sample_rate=sample_rate) for row, event in zip(strain, offsets, strict=True)]
    usable = [i for i, flag in enumerate(flags) if not UNUSABLE.intersection(flag)]
    views = np.zeros((len(strain), len(VIEW_LENGTHS_S), height, width), np.uint8)

    def scan(rows: list[int]) -> None:
        excerpts = [_whole_seconds(strain[i], float(offsets[i]), sample_rate=sample_rate) for i in rows]
        data, times = zip(*excerpts, strict=True)
        batch = torch.from_numpy(np.stack(data)).to(device)
        scanned = _scan(batch, list(times), sample_rate=sample_rate, height=height, width=width)
        views[rows] = scanned.cpu().numpy()

    _run(scan, usable, device=device, threads=threads)
    return views, flags
