"""Harmful files: they are refused or quarantined, nothing of them runs, and no other file is read."""

import gzip
import pickle
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from glitch_explorer.catalog.pictures import find_pictures
from glitch_explorer.core import files, hdf5, tables
from glitch_explorer.core.errors import UserError
from glitch_explorer.map.schemas import COORDINATES
from glitch_explorer.sources.frame_files import Frame
from glitch_explorer.sources.frames import load_many
from glitch_explorer.sources.segments import read_segments
from glitch_explorer.views.pictures import Unreadable, decode, read_view_length
from tests.unit.catalog.test_tables import HEADER, build

SECRET = b"the private key"


def link_to_a_file(file, folder):
    with h5py.File(folder / "other.h5", "w") as other:
        other["x"] = np.zeros((64, 64), np.uint8)
    file["Blip/train/a/0.5.png"] = h5py.ExternalLink(str(folder / "other.h5"), "x")


def soft_link_through_a_link(file, folder):
    link_to_a_file(file, folder)
    file["away"] = h5py.ExternalLink(str(folder / "other.h5"), "/")
    file["Blip/train/b/0.5.png"] = h5py.SoftLink("/away/x")
    del file["Blip/train/a"]


def bytes_of_a_file(file, folder):
    (folder / "key").write_bytes(SECRET * 400)
    file.create_dataset(
        "Blip/train/a/0.5.png", (64, 64), np.uint8, external=[(str(folder / "key"), 0, 64 * 64)]
    )


def view_of_a_file(file, folder):
    link_to_a_file(file, folder)
    del file["Blip"]
    layout = h5py.VirtualLayout((64, 64), np.uint8)
    layout[:] = h5py.VirtualSource(str(folder / "other.h5"), "x", (64, 64))
    file.create_virtual_dataset("Blip/train/a/0.5.png", layout)


def a_terabyte(file, folder):
    file.create_dataset("Blip/train/a/0.5.png", (2**20, 2**20), np.uint8, chunks=(2**10, 2**10))


def dead_link(file, folder):
    file["Blip/train/a/0.5.png"] = h5py.SoftLink("/nowhere")


@pytest.mark.parametrize(
    "harm",
    [link_to_a_file, soft_link_through_a_link, bytes_of_a_file, view_of_a_file, a_terabyte, dead_link],
)
def test_hdf5_gives_only_what_it_holds(tmp_path, harm):
    path = tmp_path / "set.h5"
    with h5py.File(path, "w") as file:
        harm(file, tmp_path)
        member = f"Blip/train/{next(iter(file['Blip/train']))}/0.5.png"
        file["H1:X"] = h5py.SoftLink(f"/{member}")
    pictures, bad = find_pictures([str(path)], read_view_length)
    assert not pictures
    assert bad[0].detail in {"error=OSError", "error=KeyError"}
    with pytest.raises(Unreadable, match=r"file_unreadable|member_not_grey|member_missing"):
        decode(f"{path}::/{member}")
    assert isinstance(load_many(Frame(0, 16, str(path)), ["H1:X"])["H1:X"], str)


def test_hdf5_that_compresses_well_is_read(tmp_path):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file.create_dataset("x", data=np.zeros(2**25, np.uint8), compression="gzip")
        assert hdf5.member(file, "x").shape == (2**25,)


LAUGHS = "".join(f'<!ENTITY l{i} "{"".join([f"&l{i - 1};"] * 10) if i else "ha" * 100}">' for i in range(10))


@pytest.mark.parametrize("kind", ["laughs", "entity"])
def test_xml_neither_grows_nor_reads_other_files(tmp_path, kind):
    (tmp_path / "key").write_bytes(b"1,2\n")
    entity = f'<!ENTITY x SYSTEM "file://{tmp_path}/key">' if kind == "entity" else LAUGHS
    text = "&x;" if kind == "entity" else "&l9;"
    body = f"""<!DOCTYPE LIGO_LW [{entity}]>
<LIGO_LW><Table Name="sngl_burst:table"><Column Name="peak_time" Type="int_4s"/>
<Column Name="snr" Type="real_4"/><Stream Name="sngl_burst:table" Type="Local" Delimiter=",">{text}</Stream>
</Table></LIGO_LW>"""
    path = tmp_path / "H1-segments.xml"
    path.write_text(body)
    with pytest.raises(UserError, match="declares the XML entity"):
        read_segments(files=[path], flags=[], detectors=["H1"])
    (tmp_path / "a.xml.gz").write_bytes(gzip.compress(body.encode("utf-16")))
    with pytest.raises(UserError, match="declares the XML entity"):
        build(tmp_path, tmp_path / "a.xml.gz", kind="triggers")


class Harmful:
    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return Path.touch, (self.path,)


def test_arrays_and_tables_run_no_code(tmp_path):
    harm = np.array([Harmful(tmp_path / "harm")], dtype=object)
    np.save(tmp_path / "a.npy", harm, allow_pickle=True)
    np.savez(tmp_path / "a.npz", a=harm)
    with pytest.raises(UserError, match=r"a\.npy is damaged"):
        files.read_array(tmp_path / "a.npy")
    with pytest.raises(UserError, match=r"a\.npz is damaged"):
        files.read_arrays(tmp_path / "a.npz")
    good = tables.conform(
        COORDINATES, pd.DataFrame({"glitch_id": ["a"], "view": [""], "x": [0.0], "y": [0.0]})
    )
    strange = pa.field(
        "x",
        pa.binary(),
        metadata={
            "ARROW:extension:name": "arrow.py_extension_type",
            "ARROW:extension:metadata": pickle.dumps(Harmful(tmp_path / "harm")),
        },
    )
    table = good.set_column(2, strange, pa.array([b"1"]))
    pq.write_table(table, tmp_path / "a.parquet")
    with pytest.raises(UserError, match="columns x have the wrong type"):
        tables.read(COORDINATES, tmp_path / "a.parquet")
    pandas = b'{"columns": [{"name": "x", "pandas_type": "object", "numpy_type": "no.such[type]"}]}'
    pq.write_table(good.replace_schema_metadata({"pandas": pandas}), tmp_path / "b.parquet")
    assert tables.read(COORDINATES, tmp_path / "b.parquet")["x"].tolist() == [0.0]
    assert not (tmp_path / "harm").exists()


def test_a_channel_name_in_hdf5_runs_no_code(tmp_path):
    path = tmp_path / "H-H1_T-0-16.h5"
    with h5py.File(path, "w") as file:
        data = file.create_dataset("H1:X", data=np.ones(16))
        harm = np.void(pickle.dumps(Harmful(tmp_path / "harm")))
        data.attrs.update({"x0": 0.0, "dx": 1.0, "unit": "", "channel": harm})
    assert len(load_many(Frame(0, 16, str(path)), ["H1:X"])["H1:X"].values) == 16
    assert not (tmp_path / "harm").exists()


def test_names_in_a_catalogue_name_no_file(tmp_path):
    names = [
        "../../out",
        "/etc/passwd",
        "a\x00b",
        "x" * 5000,
        "; touch harm",
        "$(touch harm)",
        "!!python/x",
        "..",
    ]
    lines = [f"124000000{i}.25,H1,{name},{name},0.9,12.5,100,0.3,?,?" for i, name in enumerate(names)]
    lines += ["1240000100.25,../H1,abcdefghij,Blip,0.9,12.5,100,0.3,?,?"]
    folder = tmp_path / "work"
    folder.mkdir()
    (folder / "a.csv").write_text("\n".join([HEADER, *lines, ""]))
    glitches, _ = build(folder, folder / "a.csv")[:2]
    assert set(glitches["glitch_id"]) <= set(names)
    assert set(glitches["ifo"]) == {"H1"}
    written = sorted(path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.is_file())
    assert all(name.startswith(("work/catalog/", "work/a.csv")) for name in written)
    shards = (folder / "catalog/shards.txt").read_text().split()
    assert shards
    assert all(shard.replace("-", "").isalnum() for shard in shards)


def test_no_rule_runs_a_shell(root):
    for path in [root / "Snakefile", *(root / "rules").glob("*.smk")]:
        assert "shell:" not in path.read_text(), path.name
