"""The views of a shard, from pictures or strain, and what is quarantined."""

import subprocess
import sys

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from gwpy.timeseries import TimeSeries
from PIL import Image

from glitch_explorer.catalog.schemas import GLITCHES, QUARANTINE
from glitch_explorer.core import tables
from glitch_explorer.core.errors import UserError
from glitch_explorer.core.views import VIEW_PRESENT
from glitch_explorer.sources.frames import Piece
from glitch_explorer.sources.reasons import Reason as Missing
from glitch_explorer.sources.reasons import StrainMissing
from glitch_explorer.sources.strain import open_strain
from glitch_explorer.views import shard
from glitch_explorer.views.schemas import VIEWS
from glitch_explorer.views.shard import make_views
from tests.fixtures.rows import complete

RATE = 2048


class FakeStrain:
    """Noise in some intervals only; it lists the starts of what was read."""

    def __init__(self, *intervals):
        self.intervals = intervals
        self.reads = []

    def available(self, ifo, start, end):
        cut = [(max(start, a), min(end, b)) for a, b in self.intervals]
        return [(a, b) for a, b in cut if a < b]

    def repeated(self, ifo, start, end):
        return []

    def read(self, ifo, start, end):
        if (start, end) not in self.available(ifo, start, end):
            raise StrainMissing(Missing.NO_FRAME, interval=(start, end))
        self.reads.append(start)
        noise = np.random.default_rng(int(start)).normal(size=round((end - start) * RATE))
        return Piece(noise, t0=start, rate=RATE, unit="")


def picture(path, seed=0):
    """A cropped picture of random energy on coarse cells."""
    cells = np.random.default_rng(seed).integers(0, 256, (8, 8)).repeat(8, 0).repeat(8, 1)
    pixels = mpl.colormaps["viridis"](cells.astype(np.uint8), bytes=True)
    Image.fromarray(pixels).save(path)
    return str(path)


def glitches(*rows):
    return complete(GLITCHES, pd.DataFrame([{"ifo": "H1", **row} for row in rows]))


def run(folder, frame, **options):
    tables.write(GLITCHES, frame, folder / "shard.parquet")
    out = folder / "views.npy"
    make_views(
        folder / "shard.parquet",
        out=out,
        status_out=folder / "status.parquet",
        quarantine_out=folder / "quarantine.parquet",
        **{"height": 32, "width": 32, **options},
    )
    status = tables.read(VIEWS, folder / "status.parquet").set_index("glitch_id")
    return np.load(out), status, tables.read(QUARANTINE, folder / "quarantine.parquet")


def test_a_glitch_keeps_the_views_that_can_be_read(tmp_path):
    (tmp_path / "half.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    frame = glitches(
        {
            "glitch_id": "a",
            "view_path_0_5": picture(tmp_path / "a.png", 1),
            "view_path_1_0": str(tmp_path / "half.png"),
            "view_path_4_0": str(tmp_path / "none.png"),
        },
        {"glitch_id": "b", "view_path_2_0": picture(tmp_path / "b.png", 2)},
        {"glitch_id": "c", "view_path_2_0": str(tmp_path / "half.png")},
        {"glitch_id": "d"},
    )
    views, status, quarantine = run(tmp_path, frame)
    present = status[list(VIEW_PRESENT)].to_numpy()
    assert views.shape == (4, 4, 32, 32)
    assert present.tolist() == [
        [True, False, False, False],
        [False, False, True, False],
        [False] * 4,
        [False] * 4,
    ]
    assert np.array_equal(views.any(axis=(2, 3)), present)
    assert list(status["image_size"]) == ["64x64", "64x64", "", ""]
    assert sorted(quarantine["glitch_id"] + quarantine["reason"]) == [
        "afile_missing", "anot_png_or_jpeg", "cnot_png_or_jpeg", "dno_picture_or_strain",
    ]  # fmt: skip
    assert set(quarantine["stage"]) == {"views"}


def test_bytes_do_not_depend_on_threads_or_on_other_rows(tmp_path):
    rows = [{"glitch_id": f"{i:02}", "view_path_1_0": picture(tmp_path / f"{i}.png", i)} for i in range(12)]
    one, *_ = run(tmp_path, glitches(*rows))
    first = (tmp_path / "views.npy").read_bytes()
    run(tmp_path, glitches(*rows), threads=4)
    assert (tmp_path / "views.npy").read_bytes() == first
    some, *_ = run(tmp_path, glitches(*rows[5:]))
    assert np.array_equal(some, one[5:])


def test_a_picture_of_unknown_length_is_in_the_first_slot(tmp_path):
    frame = glitches({"glitch_id": "a", "view_path_unknown": picture(tmp_path / "a.png")})
    views, status, quarantine = run(tmp_path, frame)
    assert status["present_unknown"].all()
    assert not status[list(VIEW_PRESENT)].to_numpy().any()
    assert views[0, 0].any()
    assert not views[0, 1:].any()
    assert quarantine.empty


def test_a_shard_without_rows_gives_empty_outputs(tmp_path):
    tables.write(GLITCHES, tables.empty(GLITCHES), tmp_path / "shard.parquet")
    views, status, quarantine = run(tmp_path, tables.empty(GLITCHES))
    assert views.shape == (0, 4, 32, 32)
    assert status.empty
    assert quarantine.empty


def test_views_outside_the_data_are_missing(tmp_path):
    strain = FakeStrain((1000.0, 1100.0), (2000.0, 2003.0))
    times = {"whole": 1050.3, "edge": 1000.6, "tail": 1098.7, "short": 2001.5, "away": 3000.0, "nan": np.nan}
    frame = glitches(*({"glitch_id": name, "event_time": time} for name, time in sorted(times.items())))
    views, status, quarantine = run(tmp_path, frame, strain=strain)
    present = status[list(VIEW_PRESENT)].sum(axis=1)
    assert present.to_dict() == {"whole": 4, "edge": 2, "tail": 3, "short": 0, "away": 0, "nan": 0}
    assert np.array_equal(views.any(axis=(2, 3)).sum(1), present)
    assert "short_whitening" in status.loc["edge", "flags"]
    assert "short_whitening" not in status.loc["whole", "flags"]
    assert "nyquist_limited" in status.loc["whole", "flags"]
    assert dict(zip(quarantine["glitch_id"], quarantine["reason"], strict=True)) == {
        "away": "no_frame", "nan": "event_time_missing", "short": "no_frame",
    }  # fmt: skip
    assert strain.reads == sorted(strain.reads)


@pytest.mark.parametrize("fill", [0.0, 1e-19, "held"])
def test_the_end_of_a_lock_does_not_dress_a_picture(tmp_path, fill):
    rate, start, end = RATE, 1000, 1040
    values = np.random.default_rng(5).standard_normal(64 * rate) * 1e-21
    views, status = {}, {}
    for name, last in (
        ("end", values[(end - start) * rate - 1] if fill == "held" else fill),
        ("nan", np.nan),
    ):
        folder = tmp_path / name
        folder.mkdir()
        data = np.where(np.arange(len(values)) < (end - start) * rate, values, last)
        series = TimeSeries(data, t0=start, sample_rate=rate, name="H1:T", channel="H1:T")
        series.write(folder / f"H-H1_T-{start}-64.gwf", format="gwf")
        strain = open_strain(source="frames", channel="{ifo}:T", frames=str(folder))
        rows = [
            {"glitch_id": "near", "event_time": end - 1.2},
            {"glitch_id": "past", "event_time": end + 5.0},
        ]
        views[name], status[name], quarantine = run(folder, glitches(*rows), strain=strain)
        reason = {"end": "constant", "nan": "strain_gap"}[name]
        assert list(quarantine["glitch_id"] + quarantine["reason"]) == ["past" + reason]
    assert status["end"].loc["near", list(VIEW_PRESENT)].tolist() == [True, True, True, False]
    assert "repeated_values" in status["end"].loc["near", "flags"]
    assert "repeated_values" not in status["nan"].loc["near", "flags"]
    bright = {name: part[0, :3].mean() for name, part in views.items()}
    assert bright["end"] == pytest.approx(bright["nan"], rel=0.1)


def test_a_scan_does_not_depend_on_its_neighbours(tmp_path, monkeypatch):
    monkeypatch.setattr(shard, "WHITENED_S", 8)
    rows = [{"glitch_id": f"{i:02}", "event_time": 1000.0 + 37.3 * i} for i in range(18)]
    size = {"height": 16, "width": 16}
    many, *_ = run(tmp_path, glitches(*rows), strain=FakeStrain((0.0, 5000.0)), **size)
    one, *_ = run(tmp_path, glitches(rows[17]), strain=FakeStrain((0.0, 5000.0)), **size)
    assert np.array_equal(one[0], many[17])


def test_torch_is_not_imported_before_strain_is_read(tmp_path):
    code = (
        "import sys, pathlib; from glitch_explorer.views.shard import make_views\n"
        "p = pathlib.Path(sys.argv[1])\n"
        "make_views(p / 'shard.parquet', out=p / 'v.npy', status_out=p / 's', quarantine_out=p / 'q',"
        " height=8, width=8)\n"
        "assert not {'torch', 'lal', 'gwpy'} & set(sys.modules)"
    )
    tables.write(GLITCHES, glitches({"glitch_id": "a", "event_time": 5.0}), tmp_path / "shard.parquet")
    subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=True)


def test_nothing_is_left_behind_by_a_fault(tmp_path):
    class Fault(FakeStrain):
        def available(self, ifo, start, end):
            raise UserError("the server refuses")

    with pytest.raises(UserError, match="refuses"):
        run(tmp_path, glitches({"glitch_id": "a", "event_time": 5.0}), strain=Fault())
    assert [path.name for path in tmp_path.iterdir()] == ["shard.parquet"]


def test_web_addresses_of_a_catalogue_are_no_pictures(tmp_path):
    frame = glitches(
        {"glitch_id": "a", "event_time": 132.0, "view_path_0_5": "https://example.org/a_0.5.png"}
    )
    views, status, quarantine = run(tmp_path, frame, strain=FakeStrain((0, 300)))
    assert status.loc["a", list(VIEW_PRESENT)].all()
    assert views.any()
    assert len(quarantine) == 0
