import fcntl
import hashlib
import io
import json
import os
import subprocess
import sys
import tarfile
import time
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from glitch_explorer.core.errors import UserError
from glitch_explorer.sources import archive, download, weights
from glitch_explorer.sources.retry import RetryPolicy, SourceFault
from tests.servers.web import busy_first, hang, plain, ranged, serve, trickle

BODY = bytes(range(256)) * 4000
MD5 = "md5:" + hashlib.md5(BODY).hexdigest()
QUICK = RetryPolicy(retries=5, timeout_s=5.0, pause_s=0.01)


@pytest.fixture
def web():
    with serve() as server:
        yield server


def fetch(web, tmp_path, *, digest=MD5, **policy):
    return download.fetch(
        web.url + "/data.bin", tmp_path / "data.bin", digest=digest, policy=replace(QUICK, **policy)
    )


def ranges(web):
    return [headers.get("Range") for _, headers in web.asked]


def test_a_broken_download_continues_where_it_stopped(web, tmp_path):
    web.answers["/data.bin"] = ranged(BODY, stop_after=200_000)
    # Each gain starts the count of failures again.
    assert fetch(web, tmp_path, digest=None, retries=1).read_bytes() == BODY
    starts = [int(r.removeprefix("bytes=").rstrip("-")) for r in ranges(web)[1:]]
    assert ranges(web)[0] is None
    assert len(starts) > 3
    assert starts == sorted(set(starts))
    assert web.asked[-1][1]["If-Range"] == '"v1"'
    assert [path.name for path in tmp_path.iterdir()] == ["data.bin"]


def test_a_killed_download_continues(web, tmp_path):
    body = BODY * 4
    digest = "sha256:" + hashlib.sha256(body).hexdigest()
    web.answers["/data.bin"] = trickle(body, 0.3)
    code = (
        "import sys; from glitch_explorer.sources.download import fetch\n"
        "fetch(*sys.argv[1:3], digest=sys.argv[3])"
    )
    part = tmp_path / "data.bin.part"
    command = [sys.executable, "-c", code, web.url + "/data.bin", str(tmp_path / "data.bin"), digest]
    environment = os.environ | {"PYTHONPATH": str(Path(download.__file__).parents[2])}
    with subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL) as child:
        deadline = time.monotonic() + 60
        while not (part.exists() and part.stat().st_size > 500_000) and time.monotonic() < deadline:
            time.sleep(0.02)
        child.kill()
    size = part.stat().st_size
    assert 500_000 < size < len(body)
    web.answers["/data.bin"] = ranged(body)
    assert fetch(web, tmp_path, digest=digest).read_bytes() == body
    assert ranges(web)[-1] == f"bytes={size}-"


def test_a_file_that_changes_during_the_download_starts_again(web, tmp_path):
    old, new = ranged(BODY[::-1], stop_after=400_000, etag='"old"'), ranged(BODY, etag='"new"')
    web.answers["/data.bin"] = lambda handler, number: (old if number == 1 else new)(handler, number)
    assert fetch(web, tmp_path, digest=None).read_bytes() == BODY


@pytest.mark.parametrize("etag", [None, '"v1"'])
def test_an_unfinished_file_that_no_hash_can_verify_starts_again(web, tmp_path, etag):
    (tmp_path / "data.bin.part").write_bytes(b"half of something")
    web.answers["/data.bin"] = ranged(BODY, etag=etag)
    assert fetch(web, tmp_path, digest=None).read_bytes() == BODY
    assert ranges(web) == [None]


@pytest.mark.parametrize(
    ("part", "answer", "requests"),
    [
        (BODY[:1000], plain(BODY), 1),
        (BODY, ranged(BODY), 1),
        (BODY + b"more", ranged(BODY), 2),
        (b"x" * 1000, ranged(BODY), 2),
    ],
    ids=["no ranges", "complete", "too long", "wrong"],
)
def test_what_an_unfinished_file_is_worth(web, tmp_path, part, answer, requests):
    (tmp_path / "data.bin.part").write_bytes(part)
    web.answers["/data.bin"] = answer
    assert fetch(web, tmp_path).read_bytes() == BODY
    assert len(web.asked) == requests


@pytest.mark.parametrize("status", [503, 429])
def test_a_busy_server_is_asked_again(web, tmp_path, status):
    web.answers["/data.bin"] = busy_first(2, ranged(BODY), status=status)
    assert fetch(web, tmp_path, retries=2).read_bytes() == BODY
    assert len(web.asked) == 3


def test_retry_after_is_honoured_within_a_bound(web, tmp_path, monkeypatch):
    pauses = []
    monkeypatch.setattr("glitch_explorer.sources.retry.time.sleep", pauses.append)
    web.answers["/data.bin"] = busy_first(1, ranged(BODY), retry_after="7")
    fetch(web, tmp_path)
    (tmp_path / "data.bin").unlink()
    web.answers["/data.bin"] = busy_first(3, ranged(BODY), retry_after="99999")
    fetch(web, tmp_path)
    assert pauses == [7.0, 300.0]


def test_a_server_that_fails_or_hangs_is_a_fault(web, tmp_path):
    web.answers["/data.bin"] = busy_first(99, plain(BODY))
    with pytest.raises(SourceFault, match=r"data\.bin.*given up after 3 failures.*503"):
        fetch(web, tmp_path, retries=2)
    assert len(web.asked) == 3
    web.answers["/data.bin"] = hang(3.0)
    with pytest.raises(SourceFault, match=r"(?i)timed? ?out"):
        fetch(web, tmp_path, retries=1, timeout_s=0.2)


@pytest.mark.parametrize(
    ("answer", "message"),
    [(None, "404"), (plain(b"<html>log in</html>", "text/html; charset=utf-8"), "web page")],
)
def test_what_the_user_must_put_right(web, tmp_path, answer, message):
    if answer:
        web.answers["/data.bin"] = answer
    with pytest.raises(UserError, match=message):
        fetch(web, tmp_path)
    assert len(web.asked) == 1
    assert not (tmp_path / "data.bin").exists()


def test_a_wrong_hash_is_tried_once_more_and_leaves_nothing(web, tmp_path):
    web.answers["/data.bin"] = plain(BODY[:-1] + b"x")
    with pytest.raises(UserError, match="hash"):
        fetch(web, tmp_path)
    assert len(web.asked) == 2
    assert list(tmp_path.iterdir()) == []


def test_a_file_with_the_right_hash_is_not_downloaded_again(web, tmp_path):
    (tmp_path / "data.bin").write_bytes(BODY)
    fetch(web, tmp_path)
    assert web.asked == []


@pytest.mark.parametrize("answer", [ranged(BODY * 2), trickle(BODY * 2, 0, length=False)])
def test_a_full_disk_keeps_the_part(web, small_disk, answer):
    part = small_disk.folder / "data.bin.part"
    part.write_bytes(BODY[:1000])
    web.answers["/data.bin"] = answer
    with pytest.raises(OSError, match=r"No space left|do not fit") as problem:
        fetch(web, small_disk.folder)
    assert problem.value.filename == str(part)
    assert part.exists()


def test_two_processes_do_not_write_one_file(web, tmp_path):
    with (tmp_path / "data.bin.part").open("ab") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        with pytest.raises(UserError, match="another process"):
            fetch(web, tmp_path)


def tar_of(path, *members):
    with tarfile.open(path, "w:gz") as tar:
        for member, body in members:
            info = tarfile.TarInfo(member) if isinstance(member, str) else member
            info.size = len(body)
            tar.addfile(info, io.BytesIO(body))
    return path


def special(name, kind, target=""):
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    return info


def test_a_record_is_fetched_checked_and_unpacked(web, tmp_path):
    body = tar_of(tmp_path / "source.tar.gz", ("TrainingSet/Blip/a.png", b"png")).read_bytes()
    files = {"set.tar.gz": body, "meta.csv": b"a,b\n", "huge.h5": b"not downloaded"}
    entries = [
        {"key": k, "size": len(v), "checksum": "md5:" + hashlib.md5(v).hexdigest()} for k, v in files.items()
    ]
    web.answers["/api/records/42"] = busy_first(1, plain(json.dumps({"files": entries}).encode()))
    for name, content in files.items():
        web.answers[f"/records/42/files/{name}"] = ranged(content)
    options = {"record": 42, "files": ["set.tar.gz", "meta.csv"], "base_url": web.url, "policy": QUICK}
    manifest = download.download_record(folder=tmp_path / "got", **options)
    first = manifest.read_bytes()
    assert [file["name"] for file in json.loads(first)["files"]] == ["meta.csv", "set.tar.gz"]
    assert (tmp_path / "got/set/TrainingSet/Blip/a.png").read_bytes() == b"png"
    assert web.count("/records/42/files/huge.h5") == 0
    assert str(tmp_path).encode() not in first
    before = (tmp_path / "got/set").stat().st_ino
    assert download.download_record(folder=tmp_path / "got", **options).read_bytes() == first
    assert web.count("/records/42/files/set.tar.gz") == 1
    assert (tmp_path / "got/set").stat().st_ino == before


def test_a_record_without_the_file_names_the_nearest(web, tmp_path):
    entries = [{"key": "H1_O3a.csv", "size": 1, "checksum": MD5}]
    web.answers["/api/records/7"] = plain(json.dumps({"files": entries}).encode())
    with pytest.raises(UserError, match=r"H1_O3A\.csv.*nearest.*H1_O3a\.csv"):
        download.download_record(
            record=7, files=["H1_O3A.csv"], folder=tmp_path, base_url=web.url, policy=QUICK
        )


@pytest.mark.parametrize("body", [b"<html>", b'{"message": "gone"}', b'{"files": [{"key": "../x"}]}'])
def test_a_description_that_is_none(web, tmp_path, body):
    web.answers["/api/records/7"] = plain(body)
    with pytest.raises(UserError, match="record"):
        download.download_record(record=7, files=None, folder=tmp_path, base_url=web.url, policy=QUICK)


@pytest.mark.parametrize(
    "member",
    [
        ("../out.txt", b"x"),
        ("a/../../out.txt", b"x"),
        ("/tmp/out.txt", b"x"),
        ("..\\out.txt", b"x"),
        ("C:/out.txt", b"x"),
        (special("link", tarfile.SYMTYPE, "/etc"), b""),
        (special("link", tarfile.SYMTYPE, ".."), b""),
        (special("hard", tarfile.LNKTYPE, "../x"), b""),
        (special("pipe", tarfile.FIFOTYPE), b""),
        (special("device", tarfile.CHRTYPE), b""),
        (special("../outside", tarfile.DIRTYPE), b""),
    ],
)
def test_no_member_of_a_tar_leaves_the_folder(tmp_path, member):
    path = tar_of(tmp_path / "bad.tar.gz", ("good.txt", b"x"), member)
    with pytest.raises(UserError, match=r"bad\.tar\.gz.*nothing was unpacked"):
        archive.unpack(path, tmp_path / "got")
    assert [left.name for left in tmp_path.iterdir()] == ["bad.tar.gz"]


def test_no_member_of_a_zip_leaves_the_folder(tmp_path):
    link = zipfile.ZipInfo("link")
    link.external_attr = 0o120777 << 16
    for name, info in (("a.zip", "../out.txt"), ("b.zip", "/out.txt"), ("c.zip", link)):
        with zipfile.ZipFile(tmp_path / name, "w") as box:
            box.writestr(info, "x")
        with pytest.raises(UserError, match="nothing was unpacked"):
            archive.unpack(tmp_path / name, tmp_path / "got")
        assert not (tmp_path / "got").exists()


def test_bombs_are_refused_by_what_comes_out(tmp_path):
    with zipfile.ZipFile(tmp_path / "bomb.zip", "w", zipfile.ZIP_DEFLATED) as box:
        box.writestr("zeros", bytes(50_000_000))
    tar_of(tmp_path / "bomb.tar.gz", ("zeros", bytes(50_000_000)))
    for name in ("bomb.zip", "bomb.tar.gz"):
        with pytest.raises(UserError, match="bomb"):
            archive.unpack(tmp_path / name, tmp_path / "got")
    assert not (tmp_path / "got").exists()


def test_a_truncated_archive_is_refused(tmp_path):
    path = tar_of(tmp_path / "a.tar.gz", ("x", bytes(range(256)) * 1000))
    whole = path.read_bytes()
    for name, body in (("a.tar.gz", whole[: len(whole) // 2]), ("b.zip", b"PK not"), ("c.tar", b"x" * 600)):
        (tmp_path / name).write_bytes(body)
        with pytest.raises(UserError, match="cannot be unpacked"):
            archive.unpack(tmp_path / name, tmp_path / "got")


def test_a_damaged_or_encrypted_zip_is_refused(tmp_path):
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as box:
        box.writestr("x", bytes(range(256)) * 100)
    whole = path.read_bytes()
    path.write_bytes(whole[:40] + b"\xff" * 8 + whole[48:])
    with pytest.raises(UserError, match="cannot be unpacked"):
        archive.unpack(path, tmp_path / "got")
    entry = whole.index(b"PK\x01\x02")
    path.write_bytes(whole[: entry + 8] + b"\x01" + whole[entry + 9 :])
    with pytest.raises(UserError, match="'x' is encrypted"):
        archive.unpack(path, tmp_path / "got")
    assert not (tmp_path / "got").exists()


def test_unpacking_replaces_the_folder_of_another_archive(tmp_path):
    archive.unpack_once(tar_of(tmp_path / "a.tar.gz", (special("./", tarfile.DIRTYPE), b""), ("./old", b"1")))
    folder = archive.unpack_once(tar_of(tmp_path / "a.tar.gz", ("new", b"2")))
    assert sorted(path.name for path in folder.iterdir()) == [archive.MARKER, "new"]


def weights_file(tmp_path, state):
    torch.save(state, tmp_path / "source.pth")
    body = (tmp_path / "source.pth").read_bytes()
    return body, f"net-{hashlib.sha256(body).hexdigest()[:8]}.pth"


def test_weights_become_safetensors_and_are_the_same_bytes_twice(web, tmp_path):
    state = {"conv.weight": torch.arange(24.0).reshape(2, 3, 4).transpose(0, 1), "n": torch.tensor(3)}
    body, name = weights_file(tmp_path, state)
    web.answers["/" + name] = ranged(body)
    target = tmp_path / "got" / "w.safetensors"
    weights.fetch_imagenet_weights(target, url=f"{web.url}/{name}", policy=QUICK)
    first = target.read_bytes()
    tensors = load_file(target)
    assert tensors.keys() == state.keys()
    assert all(torch.equal(tensors[key], state[key]) for key in state)
    assert [path.name for path in target.parent.iterdir()] == ["w.safetensors"]
    weights.fetch_imagenet_weights(target, url=f"{web.url}/{name}", policy=QUICK)
    assert target.read_bytes() == first


def test_weights_with_another_hash_than_their_name_are_refused(web, tmp_path):
    body, _ = weights_file(tmp_path, {"a": torch.ones(2)})
    web.answers["/net-00000000.pth"] = plain(body)
    with pytest.raises(UserError, match="hash"):
        weights.fetch_imagenet_weights(
            tmp_path / "w.safetensors", url=web.url + "/net-00000000.pth", policy=QUICK
        )
    with pytest.raises(UserError, match="has no hash"):
        weights.fetch_imagenet_weights(tmp_path / "w.safetensors", url=web.url + "/net.pth", policy=QUICK)


def test_pickled_code_is_not_run(web, tmp_path):
    class Evil:
        def __reduce__(self):
            return print, ("run",)

    body, name = weights_file(tmp_path, {"a": Evil()})
    web.answers["/" + name] = plain(body)
    with pytest.raises(UserError, match="safely"):
        weights.fetch_imagenet_weights(tmp_path / "w.safetensors", url=f"{web.url}/{name}", policy=QUICK)


def test_the_address_of_known_weights():
    assert weights.weights_url("resnet18").endswith("/resnet18-f37072fd.pth")
    assert "squeezenet1_1" in weights.weights_url("squeezenet1_1")
    with pytest.raises(UserError, match="resnet81"):
        weights.weights_url("resnet81")
