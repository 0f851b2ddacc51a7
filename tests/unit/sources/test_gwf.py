"""GWF files: no more is read than the channels need, and no samples but those that were written."""

import ctypes
import dataclasses
import os
import struct
from pathlib import Path

import lalframe
import numpy as np
import pandas as pd
import pytest

from glitch_explorer.coupling.channels.fetch import ChannelReader, Missing
from glitch_explorer.sources import frames, gwf
from glitch_explorer.sources.frame_files import Frame
from glitch_explorer.sources.frames import Piece
from glitch_explorer.sources.locate import open_locator
from glitch_explorer.sources.reasons import Reason, StrainMissing
from glitch_explorer.sources.strain import open_strain

T0, SECONDS, RATE, CHANNELS = 1260000000, 4, 1024, 12
TYPES = {np.float32: lalframe.FRAMEU_FR_VECT_4R, np.int16: lalframe.FRAMEU_FR_VECT_2S}
#: Raw, gzip and zero-suppressed, by LALFrame's numbers.
COMPRESSIONS = (0, 1, 5)


def name(k):
    return f"H1:PEM-CHANNEL_{k}"


def samples(k, frame):
    rng = np.random.default_rng([k, frame])
    values = rng.standard_normal(SECONDS * RATE) * 100
    return values.astype(np.int16 if k % 3 == 2 else np.float32)


def write(path, *, count=1, absent=()):
    """Write `count` frames to one file, those `absent` without the channels 0, 1 and 2.

    The channels are compressed in different ways.
    """
    stream = lalframe.FrameUFrFileOpen(str(path), "w")
    for number in range(count):
        frame = lalframe.FrameUFrameHAlloc("T", float(T0 + number * SECONDS), 0.0, float(SECONDS), number)
        for k in range(3 if number in absent else 0, CHANNELS):
            values = samples(k, number)
            kind = TYPES[values.dtype.type]
            channel = lalframe.FrameUFrProcChanAlloc(
                name(k),
                lalframe.FRAMEU_FR_PROC_TYPE_TIME_SERIES,
                lalframe.FRAMEU_FR_PROC_SUB_TYPE_UNKNOWN,
                kind,
                len(values),
            )
            lalframe.FrameUFrChanVectorAlloc(channel, kind, len(values))
            memory = lalframe.FrameUFrChanVectorQueryData(channel)
            memory.disown()
            ctypes.memmove(int(memory), values.ctypes.data, values.nbytes)
            lalframe.FrameUFrChanVectorSetName(channel, name(k))
            lalframe.FrameUFrChanVectorSetDx(channel, 1 / RATE)
            lalframe.FrameUFrChanVectorSetUnitX(channel, "s")
            lalframe.FrameUFrChanVectorCompress(channel, COMPRESSIONS[k % 3])
            lalframe.FrameUFrameHFrChanAdd(frame, channel)
        lalframe.FrameUFrameHWrite(stream, frame)
    del stream
    return Frame(T0, T0 + count * SECONDS, str(path))


@pytest.fixture(scope="module")
def frame(tmp_path_factory):
    return write(tmp_path_factory.mktemp("gwf") / f"H-T-{T0}-{SECONDS}.gwf")


def read(frame, channels):
    pieces = frames.load_many(frame, channels)
    assert list(pieces) == list(channels)
    return pieces


@pytest.mark.parametrize("count", [1, 3])
@pytest.mark.parametrize("group", [1 << 26, 1])
def test_parts_hold_the_samples_that_were_written(tmp_path, monkeypatch, count, group):
    monkeypatch.setattr(gwf, "_GROUP_BYTES", group)
    frame = write(tmp_path / "H-T-1-1.gwf", count=count)
    pieces = read(frame, [name(k) for k in (7, 2, 0, 1)])
    for k in (7, 2, 0, 1):
        piece = pieces[name(k)]
        assert (piece.t0, piece.rate) == (T0, RATE)
        assert np.array_equal(piece.values, np.concatenate([samples(k, number) for number in range(count)]))
    assert read(frame, ["H1:NOPE"]) == {"H1:NOPE": Reason.NO_CHANNEL}


@pytest.mark.parametrize("absent", [{1}, {0}, {3}, {1, 2}, {0, 2, 3}])
@pytest.mark.parametrize("checked", [True, False])
def test_a_frame_without_the_channel_is_a_gap(tmp_path, monkeypatch, absent, checked):
    frame = write(tmp_path / "H-T-1-1.gwf", count=4, absent=absent)
    if not checked:
        monkeypatch.setattr(gwf, "_VERSION", 7)
    pieces = read(frame, [name(k) for k in (0, 1, 2, 3)])
    for k in range(3):
        piece = pieces[name(k)]
        frames_of = [
            np.full(SECONDS * RATE, np.nan) if number in absent else samples(k, number) for number in range(4)
        ]
        whole = np.full(4 * SECONDS * RATE, np.nan)
        piece.copy_to(whole, T0)
        assert np.array_equal(whole, np.concatenate(frames_of), equal_nan=True)
        assert piece.absent == tuple((T0 + n * SECONDS, T0 + (n + 1) * SECONDS) for n in sorted(absent))
    assert pieces[name(3)].absent == ()
    assert np.array_equal(pieces[name(3)].values, np.concatenate([samples(3, n) for n in range(4)]))


def test_an_absent_channel_may_be_marked_by_set_bits(tmp_path):
    path = tmp_path / "H-T-1-1.gwf"
    frame = write(path, count=4, absent={1})
    body = bytearray(path.read_bytes())
    with open(path, "rb") as stream:
        layout = gwf.layout(stream.fileno())
    start, places = layout.common[1][0], [first for first, _ in layout.channels[name(0)]]
    end = start + int.from_bytes(body[start : start + 8], "little")
    at = body.index(struct.pack("<4Q", places[0], 0, *places[1:]), start)
    body[at + 8 : at + 16] = b"\xff" * 8
    body[end - 4 : end] = gwf.posix_checksum([bytes(body[start : end - 4])]).to_bytes(4, "little")
    path.write_bytes(body)
    with open(path, "rb") as stream:
        changed = gwf.layout(stream.fileno())
    assert changed == dataclasses.replace(layout, file=changed.file)
    assert read(frame, [name(0)])[name(0)].absent == ((T0 + SECONDS, T0 + 2 * SECONDS),)


def test_a_channel_in_no_frame_is_not_there(tmp_path):
    frame = write(tmp_path / "H-T-1-1.gwf", count=2, absent={0, 1})
    assert read(frame, [name(0)]) == {name(0): Reason.NO_CHANNEL}


def test_strain_beside_frames_without_the_channel(tmp_path):
    write(tmp_path / f"H-T-{T0}-40.gwf", count=10, absent={4, 5})
    strain = open_strain(source="frames", channel=name(0), frames=str(tmp_path))
    assert strain.available("H1", T0, T0 + 40) == [(T0, T0 + 16), (T0 + 24, T0 + 40)]
    assert len(strain.read("H1", T0 + 10, T0 + 16).values) == 6 * RATE
    with pytest.raises(StrainMissing) as missing:
        strain.read("H1", T0 + 15, T0 + 18)
    assert missing.value.reason == Reason.STRAIN_GAP


def test_an_auxiliary_channel_lacks_only_those_frames(tmp_path):
    write(tmp_path / f"H-T-{T0}-40.gwf", count=10, absent={0, 4, 5})
    table = pd.DataFrame({"channel": [name(0), name(3)], "rate_hz": [RATE, RATE]})
    locator = open_locator("frames", frames=str(tmp_path), frame_type=None, host=None, sample_rate_hz=None)
    reader = ChannelReader(locator, ifo="H1", table=table, segments=np.array([[T0, T0 + 40.0]]))
    reader.advance(T0, T0 + 40)
    values, missing = reader.samples([name(0), name(3)], T0, T0 + 40)
    assert missing == [
        Missing(name(0), start, start + 4, Reason.NO_CHANNEL) for start in (T0, T0 + 16, T0 + 20)
    ]
    assert np.isnan(values[0]).sum() == 12 * RATE
    assert np.isfinite(values[1]).all()


def test_no_more_is_read_than_needed(frame, monkeypatch):
    sizes, pread = [], os.pread
    monkeypatch.setattr(gwf.os, "pread", lambda *of: sizes.append(len(part := pread(*of))) or part)
    read(frame, [name(k) for k in (3, 6, 9)])  # 16 KiB each, as they are
    with open(frame.path, "rb") as stream:
        layout = gwf.layout(stream.fileno())
    needed = sum(b - a for k in (3, 6, 9) for a, b in layout.channels[name(k)])
    common = sum(b - a for a, b in layout.common)
    assert sum(sizes) < needed + 2.2 * common + 200
    assert needed < 0.5 * layout.size


def test_a_changed_byte_anywhere_is_detected_or_harmless(frame, tmp_path):
    body = Path(frame.path).read_bytes()
    rng, channels, refused = np.random.default_rng(1), [name(k) for k in range(CHANNELS)], 0
    path = tmp_path / "H-T-1-1.gwf"
    for at in [*range(6, 40, 3), *rng.integers(40, len(body), 60), *range(len(body) - 46, len(body), 3)]:
        path.write_bytes(body[:at] + bytes([body[at] ^ rng.integers(1, 256)]) + body[at + 1 :])
        pieces = frames.load_many(Frame(T0, T0 + SECONDS, str(path)), channels)
        for k, piece in enumerate(pieces.values()):
            if isinstance(piece, Piece):
                assert np.array_equal(piece.values, samples(k, 0))
                assert (piece.t0, piece.rate) == (T0, RATE)
            else:
                refused += 1
                assert piece == Reason.FRAME_DAMAGED
    assert refused > 50


def test_damage_to_one_channel_leaves_the_others(frame, tmp_path, caplog):
    with open(frame.path, "rb") as stream:
        ((_, end),) = gwf.layout(stream.fileno()).channels[name(3)]
        body = stream.read()
    path = tmp_path / "H-T-1-1.gwf"
    path.write_bytes(body[: end - 3000] + bytes(2000) + body[end - 1000 :])
    pieces = read(Frame(T0, T0 + SECONDS, str(path)), [name(2), name(3), name(4)])
    assert pieces[name(3)] == Reason.FRAME_DAMAGED
    assert f"{path} is damaged: {name(3)}: checksum mismatch of a structure" in caplog.text
    assert np.array_equal(pieces[name(2)].values, samples(2, 0))
    assert np.array_equal(pieces[name(4)].values, samples(4, 0))


def test_without_checksums_of_structures_the_whole_file_is_checked(frame, tmp_path):
    body = bytearray(Path(frame.path).read_bytes())
    with open(frame.path, "rb") as stream:
        ((start, _),) = gwf.layout(stream.fileno()).channels[name(3)]
    body[start + 8] = 0
    path = tmp_path / "H-T-1-1.gwf"
    path.write_bytes(body)
    changed = Frame(T0, T0 + SECONDS, str(path))
    assert read(changed, [name(3)])[name(3)] == Reason.FRAME_DAMAGED
    path.write_bytes(body[:-4] + gwf.posix_checksum([bytes(body[:-4])]).to_bytes(4, "little"))
    pieces = read(changed, ["H1:NOPE", name(3)])
    assert np.array_equal(pieces[name(3)].values, samples(3, 0))
    assert pieces["H1:NOPE"] == Reason.NO_CHANNEL


@pytest.mark.parametrize("broken", ["_joined", "Piece"])
def test_a_bug_of_ours_is_not_a_damaged_file(frame, monkeypatch, broken):
    def bug(*_arguments):
        raise TypeError("a bug")

    monkeypatch.setattr(frames, broken, bug)
    with pytest.raises(TypeError, match="a bug"):
        read(frame, [name(0)])
