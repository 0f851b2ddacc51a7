"""Time the Q-scan against gwpy's, and compare the pixels: `python benchmarks/qscan.py --rate 16384`.

Strain is simulated noise with sine-Gaussians, or the files of a folder (`--data`). Both run in one process
on the same glitches; gwpy draws each view with a separate call. Printed are milliseconds per glitch of four
views, their ratio, and the correlation of the pixels by view.
"""

import argparse
import time
import warnings
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from gwpy.io.gwf import get_channel_names
from gwpy.segments import Segment
from gwpy.spectrogram import Spectrogram
from gwpy.timeseries import TimeSeries

from glitch_explorer.core.views import VIEW_LENGTHS_S
from glitch_explorer.views.drawing import BRIGHTEST, TIME_STEP
from glitch_explorer.views.energies import event_energies, row_peaks, split
from glitch_explorer.views.qscan import choose_plane, first_medians, qscan
from glitch_explorer.views.tiling import FREQUENCY_RANGE, plane_qs, tiling
from glitch_explorer.views.whitening import whitened_spectrum

SECONDS = 64
SIZE = 128


def noise(rng: np.random.Generator, rate: int) -> np.ndarray:
    """Draw coloured noise with lines, about as loud as a detector's."""
    f = np.fft.rfftfreq(SECONDS * rate, 1 / rate).clip(min=1)
    asd = 4e-24 * np.sqrt((30 / f.clip(min=5)) ** 8 + (100 / f) + 1 + (f / 300) ** 2)
    for line in (60, 120, 180, 331.9, 505, 508.5, 1009):
        asd += 3e-22 * np.exp(-(((f - line) / 0.05) ** 2))
    white = np.fft.rfft(rng.standard_normal(SECONDS * rate))
    return np.fft.irfft(white * asd * np.sqrt(rate / 2))


def simulated(n: int, rate: int, seed: int) -> Iterator[tuple[TimeSeries, float]]:
    """Events of all shapes, every third with a louder neighbour within 5 s."""
    rng = np.random.default_rng(seed)
    for i in range(n):
        strain = noise(rng, rate)
        event = SECONDS / 2 + rng.uniform(-0.5, 0.5)
        centres = [(event, 1.0)]
        if i % 3 == 0:
            centres.append((event + rng.choice([-1, 1]) * rng.uniform(0.8, 5), 10.0))
        for centre, gain in centres:
            t = np.arange(strain.size) / rate - centre
            frequency = np.exp(rng.uniform(np.log(15), np.log(min(1800, rate / 3.5))))
            tau = np.exp(rng.uniform(np.log(3), np.log(60))) / (2 * np.pi * frequency)
            height = gain * np.exp(rng.uniform(np.log(0.3), np.log(10)))
            level = 4e-24 * np.sqrt((30 / frequency) ** 8 + 100 / frequency + 1 + (frequency / 300) ** 2)
            burst = np.sin(2 * np.pi * frequency * t) * np.exp(-((t / tau) ** 2))
            strain += height * level * np.sqrt(10 / tau) * burst
        yield TimeSeries(strain, t0=1262304000, sample_rate=rate), 1262304000 + event


def recorded(folder: Path, n: int) -> Iterator[tuple[TimeSeries, float]]:
    """Times spread evenly over each strain file of `folder` that is long enough."""
    for path in sorted(folder.iterdir()):
        if path.suffix == ".gwf":
            channel = next(name for name in get_channel_names(path) if "STRAIN" in name or "HW" in name)
            whole = TimeSeries.read(path, channel)
        elif path.suffix == ".hdf5":
            whole = TimeSeries.read(path, format="hdf5.gwosc")
        else:
            continue
        start, end = map(float, whole.span)
        if end - start < 16:
            print(f"{path.name}: {end - start:g} s is too short")
            continue
        for event in np.linspace(start + 4, end - 4, n) + 0.123:
            first = max(start, round(event) - SECONDS / 2)
            yield whole.crop(first, min(end, first + SECONDS)).astype("float64"), float(event)


def gwpy_view(strain: TimeSeries, event: float, seconds: float) -> Spectrogram:
    """Draw one view as gwpy does."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return strain.q_transform(
            gps=event,
            search=0.5,
            tres=TIME_STEP,
            fres=0.5,
            qrange=(4, 64),
            frange=FREQUENCY_RANGE,
            outseg=Segment(event - seconds / 2, event + seconds / 2),
        )


def shares(low: np.ndarray, high: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """Return the share of each pixel, between `edges`, that each cell covers."""
    overlap = np.minimum(high, edges[1:, None]) - np.maximum(low, edges[:-1, None])
    return overlap.clip(min=0) / np.diff(edges)[:, None]


def render(view: Spectrogram, seconds: float) -> np.ndarray:
    """Average gwpy's picture into pixels: each cell clipped, 0.5 Hz about its frequency."""
    cells = round(seconds / TIME_STEP)
    frequency = view.frequencies.value
    low, high = np.log2(np.maximum(frequency - 0.25, FREQUENCY_RANGE[0])), np.log2(frequency + 0.25)
    rows = shares(low, high, np.linspace(*np.log2(FREQUENCY_RANGE), SIZE + 1))
    starts = np.arange(cells) * TIME_STEP
    columns = shares(starts, starts + TIME_STEP, np.linspace(0, seconds, SIZE + 1))
    return (rows @ view.value[:cells].T.clip(0, BRIGHTEST) @ columns.T)[::-1]


def chosen_q(strain: np.ndarray, *, rate: int, offset: float) -> float:
    """Q of the plane that ours chooses."""
    tiles = tiling(seconds=strain.size // rate, sample_rate=rate, height=SIZE, device="cpu")
    spectrum = whitened_spectrum(torch.from_numpy(strain[None].copy()), sample_rate=rate)
    parts = split(spectrum)
    groups = event_energies(spectrum, [offset], tiles)
    peaks, medians = row_peaks(groups, [offset], tiles)[0], first_medians(parts, groups, tiles)[0]
    return plane_qs()[choose_plane(parts, peaks, medians, tiles)[0]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rate", type=int, default=16384, help="sample rate of the simulated strain, in Hz")
    parser.add_argument("--glitches", type=int, default=12, help="glitches, or times in each file")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--data", type=Path, help="folder of strain files, instead of simulated strain")
    options = parser.parse_args()
    if options.data:
        cases = list(recorded(options.data, options.glitches))
    else:
        cases = list(simulated(options.glitches, options.rate, options.seed))
    slow, slow_cpu, pictures, qs = 0.0, 0.0, [], []
    for strain, event in cases:
        wall, cpu = time.perf_counter(), time.process_time()
        views = [gwpy_view(strain, event, seconds) for seconds in VIEW_LENGTHS_S]
        slow += time.perf_counter() - wall
        slow_cpu += time.process_time() - cpu
        pictures.append([render(view, seconds) for view, seconds in zip(views, VIEW_LENGTHS_S, strict=True)])
        qs.append(float(views[0].q))
    fast, fast_cpu, correlations, agree = 0.0, 0.0, [], 0
    for shape in sorted({(strain.sample_rate.value, strain.size) for strain, _ in cases}):
        rate = round(shape[0])
        members = [i for i, (s, _) in enumerate(cases) if (s.sample_rate.value, s.size) == shape]
        data = np.stack([cases[i][0].value for i in members])
        offsets = np.array([cases[i][1] - cases[i][0].t0.value for i in members])
        tiling(seconds=data.shape[1] // rate, sample_rate=rate, height=SIZE, device="cpu")  # made once a run
        wall, cpu = time.perf_counter(), time.process_time()
        drawn, _ = qscan(data, sample_rate=rate, event_offset=offsets, threads=options.threads)
        fast += time.perf_counter() - wall
        fast_cpu += time.process_time() - cpu
        for i, row, offset, four in zip(members, data, offsets, drawn, strict=True):
            pairs = zip(pictures[i], four, strict=True)
            correlations.append([np.corrcoef(a.ravel(), b.ravel())[0, 1] for a, b in pairs])
            agree += bool(np.isclose(chosen_q(row, rate=rate, offset=offset), qs[i]))
    n = len(cases)
    print(f"{n} glitches of four views, {options.threads} threads")
    print(f"gwpy {slow / n * 1e3:.0f} ms a glitch ({slow_cpu / n * 1e3:.0f} ms of a core)")
    print(f"ours {fast / n * 1e3:.0f} ms a glitch ({fast_cpu / n * 1e3:.0f} ms of a core)")
    print(f"ratio {slow / fast:.1f} in time, {slow_cpu / fast_cpu:.1f} in work")
    print(f"the same plane in {agree} of {n}")
    table = np.array(correlations)
    for seconds, column in zip(VIEW_LENGTHS_S, table.T, strict=True):
        print(f"{seconds:g} s: correlation {np.median(column):.5f} median, {column.min():.5f} least")


if __name__ == "__main__":
    main()
