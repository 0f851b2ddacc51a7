"""GWF files: no more is read than the channels need, and no samples but those that were written."""

import ctypes
import os
from pathlib import Path

import lalframe
import numpy as np
import pytest

from glitch_explorer.sources import frames, gwf
from glitch_explorer.sources.frames import Frame, Piece
from glitch_explorer.sources.reasons import Reason

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


def write(path, *, count=1):
    """Write `count` frames to one file; the channels are compressed in different ways."""
    stream = lalframe.FrameUFrFileOpen(str(path), "w")
    for number in range(count):
        frame = lalframe.FrameUFrameHAlloc("T", float(T0 + number * SECONDS), 0.0, float(SECONDS), number)
        for k in range(CHANNELS):
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
