"""A full or read-only disk: an error message and nothing lost; damaged files are detected."""

import os
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from glitch_explorer.core import files, tables
from glitch_explorer.core.errors import UserError
from glitch_explorer.core.job import logged
from glitch_explorer.map.schemas import COORDINATES
from glitch_explorer.observatory import gwf
from glitch_explorer.views.shard import _create

BIG = 600_000


def tall(n):
    noise = np.random.default_rng(1).normal(size=(2, n))
    return pd.DataFrame({"glitch_id": [f"{i}" for i in range(n)], "view": "", "x": noise[0], "y": noise[1]})


def frame(path):
    samples = np.random.default_rng(1).normal(size=BIG)
    gwf.write(path, [gwf.Series("H1:A", samples, BIG // 4, "m")], start=1_000_000_000)


def views(path):
    with files.whole(path) as temporary:
        _create(temporary, (BIG // 64, 4, 16, 16))[:] = 1


def folder(path):
    with files.whole_folder(path) as out:
        (out / "a").write_bytes(bytes(BIG * 2))


WRITERS = {
    "array": lambda path: files.write_array(path, np.ones(BIG)),
    "arrays": lambda path: files.write_arrays(path, {"a": np.ones(BIG)}),
    "table": lambda path: tables.write(COORDINATES, tall(90_000), path),
    "frame": frame,
    "views": views,
    "folder": folder,
}


@pytest.mark.parametrize("name", sorted(WRITERS))
def test_a_full_disk_is_reported_and_leaves_nothing(small_disk, tmp_path, capsys, name):
    old = small_disk.folder / "old"
    files.write_text(old, "old")
    with pytest.raises(SystemExit), logged(tmp_path / "log"):
        WRITERS[name](small_disk.folder / "out")
    message = capsys.readouterr().err
    assert f"{small_disk.folder}/out: the disk is full" in message.replace("/.out", "/out")
    assert "No space left on device" in message
    assert "Traceback" not in (tmp_path / "log").read_text()
    assert [path.name for path in small_disk.folder.iterdir()] == ["old"]
    small_disk.resize("40m")
    WRITERS[name](small_disk.folder / "out")


def test_a_read_only_disk_is_reported(small_disk, tmp_path, capsys):
    files.write_text(small_disk.folder / "old", "old")
    small_disk.resize("1m", "ro")
    with pytest.raises(SystemExit), logged(tmp_path / "log"):
        files.write_text(small_disk.folder / "old", "new")
    assert "mounted read-only" in capsys.readouterr().err
    assert (small_disk.folder / "old").read_text() == "old"


def test_a_folder_of_another_user_is_reported(tmp_path):
    """Root may write everywhere, so another user tries, from inside."""
    code = (
        "import os\n"
        "from glitch_explorer.core import files, job\n"
        "os.geteuid() == 0 and os.setuid(65534)\n"
        "with job.logged('/dev/null'): files.write_text('a', 'x')"
    )
    tmp_path.chmod(0o555)
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert "permission denied: allow this user" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_changed_byte_in_a_table_is_detected_or_harmless(tmp_path):
    path = tmp_path / "c.parquet"
    tables.write(COORDINATES, tall(400), path)
    whole, expected = path.read_bytes(), tall(400)
    detected = 0
    for at in range(4, len(whole), 101):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 0x20]) + whole[at + 1 :])
        try:
            pd.testing.assert_frame_equal(tables.read(COORDINATES, path), expected)
        except UserError as problem:
            assert str(path) in str(problem)
            detected += 1
    assert detected > 0.8 * len(range(4, len(whole), 101))


@pytest.mark.parametrize("kept", [0, 5, 100, 8000])
def test_half_a_file_of_arrays_is_detected(tmp_path, kept):
    files.write_array(tmp_path / "a.npy", np.ones(2000))
    files.write_arrays(tmp_path / "a.npz", {"a": np.ones(2000)})
    for name, read in (("a.npy", files.read_array), ("a.npz", files.read_arrays)):
        path = tmp_path / name
        path.write_bytes(path.read_bytes()[:kept])
        with pytest.raises(UserError, match=rf"{name} is damaged.*run again"):
            read(path)


def test_what_killed_jobs_left_is_removed_and_nothing_else(tmp_path):
    kept = [".snakemake_timestamp", "rows.parquet", "pages/.hidden/F001.html"]
    left = [".rows.parquet.4711.parquet", "pages/.deep.10672/F001.html", "pages/.deep.10672/more/F002.png"]
    for name in (*kept, *left):
        files.write_text(tmp_path / name, "")
    files.remove_unfinished(tmp_path)
    left_over = {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.is_file()}
    assert left_over == set(kept)
    assert not (tmp_path / "pages/.deep.10672").exists()


def test_a_folder_of_a_killed_process_of_the_same_id_is_no_obstacle(tmp_path):
    (tmp_path / f".out.{os.getpid()}").mkdir()
    with files.whole_folder(tmp_path / "out") as out:
        (out / "a").write_text("")
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_whole_folder_replaces_and_leaves_no_trace(tmp_path):
    target = tmp_path / "family"
    target.mkdir()
    (target / "F999.html").write_text("gone")
    with files.whole_folder(target) as folder:
        (folder / "F001.html").write_text("new")
    assert [path.name for path in target.iterdir()] == ["F001.html"]
    assert list(tmp_path.iterdir()) == [target]


def test_whole_folder_never_leaves_half_of_the_old_one(tmp_path, monkeypatch):
    target = tmp_path / "family"
    target.mkdir()
    (target / "F001.html").write_text("old")
    removed = []
    monkeypatch.setattr(files.shutil, "rmtree", lambda path, **_options: removed.append(path))
    with files.whole_folder(target) as folder:
        (folder / "F001.html").write_text("new")
    assert (target / "F001.html").read_text() == "new"
    assert target not in removed
    monkeypatch.undo()
    files.remove_unfinished(tmp_path)
    assert list(tmp_path.iterdir()) == [target]


def test_whole_folder_keeps_the_old_one_when_the_work_fails(tmp_path):
    target = tmp_path / "family"
    target.mkdir()
    (target / "F001.html").write_text("old")

    def fail():
        with files.whole_folder(target) as folder:
            (folder / "F002.html").write_text("half")
            raise RuntimeError("disk full")

    with pytest.raises(RuntimeError):
        fail()
    assert [path.name for path in target.iterdir()] == ["F001.html"]
    assert list(tmp_path.iterdir()) == [target]
