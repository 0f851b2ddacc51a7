"""The leakage gate, shown to fail: on pictures with their axes left in, and on a row for each picture.

Pictures with axes, tick labels, colour bar and title are drawn in two layouts, at random within each
label, and go through the project's own code from the file to the gate.
"""

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image

from glitch_explorer.audit.gate import require_no_leakage
from glitch_explorer.audit.leakage import make_leakage
from glitch_explorer.audit.schemas import LEAKAGE
from glitch_explorer.catalog.schemas import GLITCHES, QUARANTINE
from glitch_explorer.core import tables
from glitch_explorer.core.errors import UserError
from glitch_explorer.core.views import VIEW_LENGTHS_S, VIEW_PATHS
from glitch_explorer.embed.shard import embed_shard
from glitch_explorer.map import run
from glitch_explorer.map.graph import make_graph
from glitch_explorer.map.schemas import FAMILIES
from glitch_explorer.views.axes import HIGH_HZ, LOW_HZ
from glitch_explorer.views.shard import make_views
from tests.unit.views.test_pictures import LABELS

pytestmark = pytest.mark.slow

PER_CLASS = 60
PERMUTATIONS = 200
LOWEST_P = 1 / (1 + PERMUTATIONS)
#: Left edge, lower edge, width and height of the frame, as shares of the picture.
LAYOUTS = {(800, 600): (0.125, 0.1, 0.7175, 0.8), (600, 450): (0.17, 0.15, 0.62, 0.68)}
DETECTORS = {"H1": "Hanford", "L1": "Livingston"}
VIRIDIS = mpl.colormaps["viridis"](np.arange(256), bytes=True)[:, :3]


def empty_picture(size, ifo, seconds):
    """Return a picture (h, w, 3) with nothing in its frame, and where in it the spectrogram shows."""
    left, lower, width, height = LAYOUTS[size]
    figure = Figure(figsize=(8, 6), dpi=size[0] / 8, facecolor="white")
    axes = figure.add_axes((left, lower, width, height))
    bar = figure.add_axes((left + width + 0.02, lower, 0.0375, height))
    low, high = np.log2([LOW_HZ, HIGH_HZ])
    extent = (-seconds / 2, seconds / 2, low, high)
    image = axes.imshow(np.zeros((2, 2)), extent=extent, aspect="auto", vmin=0, vmax=25.5)
    figure.colorbar(image, cax=bar).set_label("Normalized energy", fontsize=16)
    axes.set_yticks(range(4, 12), [str(2**octave) for octave in range(4, 12)], fontsize=12)
    axes.set_xticks(np.linspace(-seconds / 2, seconds / 2, 5), LABELS[seconds], fontsize=14)
    axes.tick_params(direction="in", right=True, top=True, length=4)
    axes.set_xlabel("Time (s)", fontsize=16)
    axes.set_ylabel("Frequency (Hz)", fontsize=16)
    figure.suptitle(f"{DETECTORS[ifo]} - ER10", fontsize=18)
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    pixels = np.asarray(canvas.buffer_rgba())[..., :3].copy()
    inside = (pixels == VIRIDIS[0]).all(-1)
    inside[:, round((left + width + 0.01) * size[0]) :] = False
    return pixels, inside


def ridge(distance, width):
    return np.exp(-((distance / width) ** 2))


def blip(octave, time, scale):
    return 25 * ridge(time, 0.03 * scale) * ridge(octave - 4, 2 * scale)


def arch(octave, time, scale):
    return 20 * ridge(octave - 1 - 1.5 * scale * np.cos(time * 1.6), 0.3) * (abs(time) < 0.9)


def whistle(octave, time, scale):
    return 22 * ridge(octave - 4 - 6 * scale * abs(time), 0.4) * (abs(time) < 0.5)


MORPHOLOGIES = {"Blip": blip, "Scattered_Light": arch, "Whistle": whistle}


def spectrogram(label, seconds, scale, generator):
    """Return uint8 (96, 96): ten times the energy of one view, noise and all."""
    octave = np.log2(HIGH_HZ / LOW_HZ) * (95.5 - np.arange(96)) / 96
    time = seconds * ((np.arange(96) + 0.5) / 96 - 0.5)
    energy = generator.exponential(1.0, (96, 96)) + MORPHOLOGIES[label](octave[:, None], time, scale)
    return (10 * energy).clip(0, 255).astype(np.uint8)


def paste(picture, energy, path):
    """Save the picture with the energy inside its frame; as JPEG, which is written ten times faster."""
    pixels, inside = picture
    rows, columns = np.flatnonzero(inside.any(1)), np.flatnonzero(inside.any(0))
    mask = Image.fromarray(inside[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1])
    shown = Image.fromarray(energy).resize(mask.size, Image.Resampling.BILINEAR)
    shown.putpalette(VIRIDIS.tobytes())
    whole = Image.fromarray(pixels)
    whole.paste(shown.convert("RGB"), (int(columns[0]), int(rows[0])), mask)
    whole.save(path, quality=95, subsampling=0)


@pytest.fixture(scope="module")
def shard(tmp_path_factory):
    """Draw the pictures and write their table "glitches"."""
    folder = tmp_path_factory.mktemp("pictures")
    generator = np.random.default_rng(7)
    empty = {
        (size, ifo, seconds): empty_picture(size, ifo, seconds)
        for size in LAYOUTS
        for ifo in DETECTORS
        for seconds in VIEW_LENGTHS_S
    }
    rows = []
    for number in range(PER_CLASS * len(MORPHOLOGIES)):
        label = list(MORPHOLOGIES)[number % len(MORPHOLOGIES)]
        size, ifo = list(LAYOUTS)[generator.integers(2)], list(DETECTORS)[generator.integers(2)]
        row = {"glitch_id": f"g{number:03d}", "ifo": ifo, "label": label}
        scale = generator.uniform(0.85, 1.15)
        for seconds, column in zip(VIEW_LENGTHS_S, VIEW_PATHS, strict=True):
            row[column] = str(folder / f"{row['glitch_id']}_{seconds}.jpg")
            energy = spectrogram(label, seconds, scale, generator)
            paste(empty[size, ifo, seconds], energy, row[column])
        rows.append(row)
    table = tables.empty(GLITCHES).reindex(range(len(rows))).assign(**pd.DataFrame(rows))
    tables.write(GLITCHES, table.assign(shard="H1-0", astrophysical=""), folder / "shard.parquet")
    return folder / "shard.parquet"


def read_pictures(shard, folder, *, crop):
    """Read and embed all pictures; give the shard's paths as the map takes them."""
    views, status, vectors = folder / "views.npy", folder / "status.parquet", folder / "vectors.npy"
    quarantine = folder / "quarantine.parquet"
    kept = {"out": views, "status_out": status, "quarantine_out": quarantine}
    make_views(shard, **kept, height=64, width=64, crop=crop, threads=2)
    assert tables.read(QUARANTINE, quarantine).empty
    kind = {"backbone": "gradients", "weights": "untrained", "precision": "float32"}
    embed_shard(views, status, vectors, **kind, device="cpu", threads=2)
    return shard, status, vectors


def leakage_of(paths, folder, *, unit):
    """Map a shard and measure what the families know; give the table's path."""
    shard, status, _ = paths
    folder.mkdir()
    rows = {"rows": folder / "rows.parquet"}
    graph = {"vectors": folder / "all.npy", "neighbours": folder / "neighbours.npz"}
    layouts = {"coordinates": folder / "coordinates.parquet", "layout": folder / "layout.npy"}
    made = {"families": folder / "families.parquet", "ids": folder / "ids.parquet", "tree": folder / "t.npz"}
    fixed = {"seed": 1, "threads": 2}
    make_graph(*([path] for path in paths), **rows, **graph, unit=unit, n_neighbors=15, **fixed)
    run.make_layouts(**rows, **graph, **layouts, min_dist=0.1, n_components=5, engine="cpu", **fixed)
    clustering = {"min_cluster_size": 12, "min_samples": 5, "cluster_selection": "eom", "reference": None}
    drawn = {"neighbours": graph["neighbours"], "layout": layouts["layout"]}
    run.make_families(**rows, **drawn, **made, **clustering, engine="cpu")
    out, null = folder / "leakage.parquet", {"permutations": PERMUTATIONS, "seed": 1}
    make_leakage(glitches=shard, families=made["families"], views=[status], out=out, unit=unit, **null)
    return out


@pytest.fixture(scope="module")
def cropped(shard, tmp_path_factory):
    return read_pictures(shard, tmp_path_factory.mktemp("cropped"), crop=True)


def row_of(path, variable):
    return tables.read(LEAKAGE, path).set_index("variable").loc[variable]


def test_the_gate_passes_cropped_pictures(cropped, tmp_path):
    path = leakage_of(cropped, tmp_path / "map", unit="glitch")
    families = tables.read(FAMILIES, tmp_path / "map/families.parquet")["family"]
    classes = pd.Series(list(MORPHOLOGIES) * PER_CLASS)
    assert pd.crosstab(families, classes).max(axis=1).sum() > 0.95 * len(families)
    require_no_leakage(path)
    size = row_of(path, "image size")
    assert size["gated"]
    assert size["normalised"] < 0.05


def test_the_gate_fails_on_uncropped_pictures(shard, tmp_path):
    paths = read_pictures(shard, tmp_path, crop=False)
    path = leakage_of(paths, tmp_path / "map", unit="glitch")
    size = row_of(path, "image size")
    assert size["failed"]
    assert size["normalised"] > 0.9
    assert size["p_value"] == pytest.approx(LOWEST_P)
    with pytest.raises(UserError, match="image size"):
        require_no_leakage(path)


def test_a_row_per_view_leaks_the_view_length_which_is_reported(cropped, tmp_path):
    path = leakage_of(cropped, tmp_path / "map", unit="view")
    length = row_of(path, "view length")
    assert length["normalised"] > 0.5
    assert length["p_value"] == pytest.approx(LOWEST_P)
    assert not length["gated"]
    require_no_leakage(path)
