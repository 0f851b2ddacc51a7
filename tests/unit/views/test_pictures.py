"""Pictures drawn from a known energy give that energy back."""

import io
import struct
import zlib

import h5py
import matplotlib as mpl
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image

from glitch_explorer.views import colormap
from glitch_explorer.views.axes import find_axes
from glitch_explorer.views.pictures import Archives, Unreadable, read_view, read_view_length
from glitch_explorer.views.reasons import Reason

LABELS = {
    0.5: ["-0.25", "-0.125", "0.0", "0.125", "0.25"],
    1.0: ["-0.5", "-0.25", "0.0", "0.25", "0.5"],
    2.0: ["-1.0", "-0.5", "0.0", "0.5", "1.0"],
    4.0: ["-2.0", "-1.0", "0.0", "1.0", "2.0"],
}
SIZE = {"height": 64, "width": 64}


def energy(octave, time):
    """A ridge and a blob, by octaves above 10 Hz (0 to 7.68) and time (-1 to 1)."""
    ridge = 18 * np.exp(-(((octave - 3 - time) / 0.5) ** 2))
    blob = 30 * np.exp(-(((octave - 5) / 0.7) ** 2) - ((time + 0.3) / 0.2) ** 2)
    return np.clip(1 + ridge + blob, 0, 25.5)


def grid(height, width, low=10.0, high=2048.0):
    octave = np.log2(low / 10) + np.log2(high / low) * (height - 0.5 - np.arange(height)) / height
    return np.meshgrid(octave, (np.arange(width) + 0.5) / width * 2 - 1, indexing="ij")


EXPECTED = 10 * energy(*grid(64, 64))


def draw(length=1.0, *, low=10.0, high=2048.0, size=(800, 600), inward=True, cmap="viridis", title="Hanford"):
    """Draw a picture as Gravity Spy does: frame in columns 100 and 674, rows 60 and 540 of 800 x 600."""
    figure = Figure(figsize=(8, 6), dpi=size[0] / 8)
    figure.patch.set_facecolor("white")
    axes = figure.add_axes([100 / 800, 60 / 600, 574 / 800, 480 / 600])
    bar = figure.add_axes([690 / 800, 60 / 600, 30 / 800, 480 / 600])
    extent = [-length / 2, length / 2, np.log2(low), np.log2(high)]
    image = axes.imshow(
        energy(*grid(960, 1148, low, high)), extent=extent, aspect="auto", cmap=cmap, vmin=0, vmax=25.5
    )
    figure.colorbar(image, cax=bar)
    octaves = [octave for octave in range(4, 12) if octave <= np.log2(high) + 1e-9]
    axes.set_yticks(octaves, [str(2**octave) for octave in octaves], fontsize=12)
    axes.set_xticks(np.linspace(-length / 2, length / 2, 5), LABELS[length], fontsize=14)
    axes.tick_params(direction="in" if inward else "out", right=inward, top=inward, length=4)
    axes.set_xlabel("Time (s)", fontsize=16)
    axes.set_ylabel("Frequency (Hz)", fontsize=16)
    figure.suptitle(title)
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    return Image.fromarray(np.asarray(canvas.buffer_rgba()).copy())


def save(image, path, **options):
    image.save(path, **options)
    return path


@pytest.fixture(scope="module")
def standard():
    return draw()


def error(view):
    return np.abs(view.astype(float) - EXPECTED).mean()


def test_viridis_is_inverted_within_one_step():
    colours = np.pad(colormap.viridis(), ((0, 0), (0, 1)), constant_values=255)[None]
    assert np.abs(colormap.energy(colours)[0].astype(int) - np.arange(256)).max() <= 1
    assert colormap.mean_distance(colours) < 2


@pytest.mark.parametrize("cmap", ["jet", "plasma", "turbo", "cividis", "hsv"])
def test_another_colour_map_is_refused(tmp_path, cmap):
    with pytest.raises(Unreadable, match=Reason.NOT_VIRIDIS):
        read_view(save(draw(cmap=cmap), tmp_path / "a.png"), **SIZE)


@pytest.mark.parametrize("size", [(800, 600), (600, 450), (752, 564)])
@pytest.mark.parametrize("inward", [True, False])
def test_energy_comes_back_from_a_picture_with_axes(tmp_path, size, inward):
    view, image_size = read_view(save(draw(size=size, inward=inward), tmp_path / "a.png"), **SIZE)
    assert image_size == f"{size[0]}x{size[1]}"
    assert view.shape == (64, 64)
    assert view.dtype == np.uint8
    assert error(view) < 2.5


def test_the_frame_of_a_standard_picture_is_where_gravity_spy_has_it(standard):
    axes = find_axes(np.asarray(standard))
    assert (axes.top, axes.bottom, axes.left, axes.right) == (61, 540, 101, 674)
    assert axes.framed


@pytest.mark.parametrize(("low", "high"), [(10.9, 1877.0), (10.5, 1955.0), (10.0, 2048.0)])
def test_the_frequency_axis_is_read_off_the_picture(tmp_path, low, high):
    image = draw(low=low, high=high)
    axes = find_axes(np.asarray(image))
    assert np.log2(axes.low_hz / low) == pytest.approx(0, abs=0.03)
    assert np.log2(axes.high_hz / high) == pytest.approx(0, abs=0.03)
    view, _ = read_view(save(image, tmp_path / "a.png"), **SIZE)
    octave = grid(64, 64)[0][:, 0]
    inside = (octave > np.log2(low / 10) + 0.15) & (octave < np.log2(high / 10) - 0.15)
    assert np.abs(view[inside] - EXPECTED[inside]).mean() < 2.5
    assert not view[octave > np.log2(high / 10) + 0.15].any()


def test_jpeg_and_palette_copies_agree_with_the_original(tmp_path, standard):
    rgb = standard.convert("RGB")
    jpeg, _ = read_view(save(rgb, tmp_path / "a.jpg", quality=85), **SIZE)
    palette, _ = read_view(save(rgb.quantize(128), tmp_path / "a.png"), **SIZE)
    assert error(jpeg) < 4
    assert error(palette) < 4


def test_cropped_pictures_are_taken_edge_to_edge(tmp_path):
    pixels = mpl.colormaps["viridis"](energy(*grid(479, 569)) / 25.5, bytes=True)
    view, size = read_view(save(Image.fromarray(pixels), tmp_path / "a.png"), **SIZE)
    assert size == "569x479"
    assert error(view) < 1


def test_uncropped_pictures_keep_axes_and_colour_bar(tmp_path, standard):
    path = save(standard, tmp_path / "a.png")
    view, _ = read_view(path, crop=False, **SIZE)
    assert np.median(view[:4]) > 200  # the white margin, read as the brightest colour
    assert error(view) > 30


def test_the_title_changes_nothing(tmp_path, standard):
    one, _ = read_view(save(standard, tmp_path / "a.png"), **SIZE)
    other, _ = read_view(save(draw(title="<script>alert(1)</script>"), tmp_path / "b.png"), **SIZE)
    assert np.array_equal(one, other)


@pytest.mark.parametrize("length", LABELS)
@pytest.mark.parametrize("size", [(800, 600), (600, 450)])
@pytest.mark.parametrize("kind", ["a.png", "a.jpg"])
def test_the_view_length_is_read_off_the_time_axis(tmp_path, length, size, kind):
    path = save(draw(length, size=size).convert("RGB"), tmp_path / kind)
    assert read_view_length(path) == length


def test_an_unreadable_time_axis_gives_no_view_length(tmp_path, standard):
    blotted = np.asarray(standard).copy()
    blotted[545:560, 500:580] = 0
    assert read_view_length(save(Image.fromarray(blotted), tmp_path / "a.png")) is None
    cropped = Image.fromarray(np.asarray(standard)[61:540, 101:674])
    assert read_view_length(save(cropped, tmp_path / "b.png")) is None


def grey_copy(standard):
    """The luminance of the crop at 0.3 of its size, as in Gravity Spy's HDF5 file."""
    crop = np.asarray(standard)[66:532, 105:671, :3] @ [0.2125, 0.7154, 0.0721]
    return np.asarray(Image.fromarray(crop.round().astype(np.uint8)).resize((170, 140), Image.Resampling.BOX))


def test_grey_hdf5_members_are_read_as_luminance(tmp_path, standard):
    file = tmp_path / "v1d0.h5"
    with h5py.File(file, "w") as stream:
        stream["Blip/train/abc/0.5.png"] = grey_copy(standard)[None]
    path = f"{file}::/Blip/train/abc/0.5.png"
    with Archives() as archives:
        view, size = read_view(path, archives=archives, **SIZE)
    assert size == "170x140"
    # the crop takes 13 of 478 rows away
    assert error(view) < 6
    assert np.array_equal(view, read_view(path, **SIZE)[0])


def test_a_dark_grey_picture_is_energy_itself(tmp_path):
    values = (10 * energy(*grid(128, 128))).round().astype(np.uint8)
    values[:40] = 3
    path = save(Image.fromarray(values), tmp_path / "a.png")
    assert np.array_equal(read_view(path, height=128, width=128)[0], values)


@pytest.mark.parametrize("member", ["/Blip/train/none/0.5.png", "/Blip", "/floats", "/cube"])
def test_wrong_hdf5_members_are_unreadable(tmp_path, member):
    file = tmp_path / "a.h5"
    with h5py.File(file, "w") as stream:
        stream["Blip/train/abc/0.5.png"] = np.zeros((1, 40, 50), np.uint8)
        stream["floats"] = np.zeros((40, 50))
        stream["cube"] = np.zeros((3, 40, 50), np.uint8)
    with pytest.raises(Unreadable):
        read_view(f"{file}::{member}", **SIZE)


def test_a_broken_or_missing_hdf5_file_is_unreadable(tmp_path):
    (tmp_path / "a.h5").write_bytes(b"no HDF5 at all")
    for name in ("a.h5", "b.h5"):
        with pytest.raises(Unreadable):
            read_view(f"{tmp_path / name}::/x", **SIZE)


def chunk(kind, content):
    body = kind + content
    return struct.pack(">I", len(content)) + body + struct.pack(">I", zlib.crc32(body))


def bomb(width, height):
    """A PNG that says it is huge, and inflates."""
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    data = chunk(b"IDAT", zlib.compress(bytes(2**20)))
    return b"\x89PNG\r\n\x1a\n" + header + data + chunk(b"IEND", b"")


def text_bomb():
    stream = io.BytesIO()
    Image.new("RGB", (64, 64)).save(stream, "PNG")
    text = chunk(b"zTXt", b"a\0\0" + zlib.compress(bytes(2**27)))
    return stream.getvalue()[:33] + text + stream.getvalue()[33:]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", r"file_size \(bytes=0\)"),
        (b"GIF89a", Reason.NOT_PNG_OR_JPEG),
        (b"<script>alert(1)</script>", Reason.NOT_PNG_OR_JPEG),
        (bomb(6000, 6000), r"picture_size \(width=6000, height=6000\)"),
        (bomb(60000, 60000), Reason.DECOMPRESSION_BOMB),
        (bomb(8, 8), Reason.PICTURE_SIZE),
        (text_bomb(), f"{Reason.PICTURE_BROKEN}|{Reason.NOT_PNG_OR_JPEG}"),
    ],
)
def test_what_is_no_picture_is_unreadable(tmp_path, content, reason):
    path = tmp_path / "a.png"
    path.write_bytes(content)
    with pytest.raises(Unreadable, match=reason):
        read_view(path, **SIZE)


def test_missing_files_and_folders_are_unreadable(tmp_path):
    for path in (tmp_path, tmp_path / "none.png", tmp_path / "none" / "a.png"):
        with pytest.raises(Unreadable):
            read_view(path, **SIZE)


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
@settings(max_examples=25, deadline=None)
@given(share=st.floats(0.0, 0.97))
def test_half_a_file_is_unreadable(standard, tmp_path_factory, kind, share):
    stream = io.BytesIO()
    standard.convert("RGB").save(stream, kind)
    path = tmp_path_factory.mktemp("half") / "a"
    path.write_bytes(stream.getvalue()[: int(share * len(stream.getvalue()))])
    with pytest.raises(Unreadable):
        read_view(path, **SIZE)


@settings(max_examples=25, deadline=None)
@given(place=st.integers(8, 10**6), value=st.integers(0, 255))
def test_a_wrong_byte_gives_a_view_or_a_reason(standard, tmp_path_factory, place, value):
    stream = io.BytesIO()
    standard.save(stream, "PNG")
    content = bytearray(stream.getvalue())
    content[place % len(content)] = value
    path = tmp_path_factory.mktemp("byte") / "a.png"
    path.write_bytes(bytes(content))
    try:
        view, _ = read_view(path, **SIZE)
    except Unreadable as problem:
        assert isinstance(problem.reason, Reason)
    else:
        assert view.shape == (64, 64)


@pytest.mark.parametrize(
    ("pixels", "reason"),
    [
        (np.full((600, 800, 3), 255, np.uint8), Reason.GREY_WITH_AXES),
        (np.zeros((600, 800, 3), np.uint8), Reason.BLANK),
        (np.random.default_rng(1).integers(0, 256, (600, 800, 3), np.uint8), Reason.NOT_VIRIDIS),
        (np.full((600, 800, 3), (255, 0, 0), np.uint8), Reason.NOT_VIRIDIS),
    ],
)
def test_other_pictures_are_unreadable(tmp_path, pixels, reason):
    with pytest.raises(Unreadable, match=reason):
        read_view(save(Image.fromarray(pixels), tmp_path / "a.png"), **SIZE)
