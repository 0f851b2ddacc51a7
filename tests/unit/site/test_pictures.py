"""Glitches as pictures, and which of them are shown."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from glitch_explorer.core import files, tables
from glitch_explorer.core.errors import UserError
from glitch_explorer.site.families.choice import by_label, odd_members, typical_members
from glitch_explorer.site.pictures import MISSING, OPEN, Pictures, row_keys, row_of
from glitch_explorer.site.plots import plain
from glitch_explorer.views.colormap import viridis
from glitch_explorer.views.schemas import VIEWS
from glitch_explorer.views.status import views_table


@pytest.fixture
def pictures(tmp_path: Path) -> Pictures:
    """Glitch `a` has all views, `b` only that of 4 s, `c` one of unknown length, `d` none."""
    array = np.zeros((4, 4, 8, 8), dtype=np.uint8)
    array[0] = np.array([10, 20, 30, 40], dtype=np.uint8)[:, None, None]
    array[1, 3], array[2, 0] = 100, 50
    present = np.array([[1, 1, 1, 1], [0, 0, 0, 1], [0, 0, 0, 0], [0, 0, 0, 0]], dtype=bool)
    status = views_table(list("abcd"), array, present, unknown=np.array([False, False, True, False]))
    files.write_array(tmp_path / "s.npy", array)
    tables.write(VIEWS, status, tmp_path / "s.parquet")
    return Pictures([tmp_path / "s.npy"], [tmp_path / "s.parquet"])


def test_strip_draws_viridis_and_greys_what_is_missing(pictures: Pictures) -> None:
    strip = pictures.strip("b", size=8, gap=2)
    assert strip.shape == (8, 38, 3)
    assert (strip[:, :8] == MISSING).all()
    assert (strip[:, 30:] == viridis()[100]).all()


def test_thumbnail_takes_the_rows_view_or_the_first_there_is(pictures: Pictures) -> None:
    def index(glitch: str, slot: int | None) -> np.ndarray:
        return pictures.thumbnail((glitch, slot), 8)[0, 0]

    assert (index("a", None) == viridis()[20]).all()
    assert (index("a", 3) == viridis()[40]).all()
    assert (index("b", None) == viridis()[100]).all()
    assert (index("c", 0) == viridis()[50]).all()
    assert (index("d", None) == MISSING).all()


def test_mean_energy_leaves_missing_views_out(pictures: Pictures) -> None:
    assert pictures.mean_energy(("a", None)) == pytest.approx(2.5)
    assert pictures.mean_energy(("a", 3)) == pytest.approx(4.0)
    assert pictures.mean_energy(("b", None)) == pytest.approx(10.0)
    assert pictures.mean_energy(("d", None)) == 0.0


def test_a_thousand_shards_are_not_open_at_once(tmp_path: Path) -> None:
    arrays, tabled = [], []
    for number in range(OPEN + 20):
        arrays.append(tmp_path / f"{number}.npy")
        tabled.append(tmp_path / f"{number}.parquet")
        views = np.full((1, 4, 2, 2), number, dtype=np.uint8)
        files.write_array(arrays[-1], views)
        status = views_table([f"g{number}"], views, np.ones((1, 4), dtype=bool))
        tables.write(VIEWS, status, tabled[-1])
    before = len(list(Path("/proc/self/fd").iterdir()))
    many = Pictures(arrays, tabled)
    seen = [int(many.views(f"g{number}")[0].max()) for number in range(len(arrays))]
    assert seen == list(range(len(arrays)))
    assert len(list(Path("/proc/self/fd").iterdir())) - before <= OPEN


def test_arrays_and_tables_must_belong_together(tmp_path: Path) -> None:
    files.write_array(tmp_path / "s.npy", np.zeros((2, 4, 8, 8), dtype=np.uint8))
    tables.write(VIEWS, tables.empty(VIEWS), tmp_path / "s.parquet")
    with pytest.raises(UserError, match="--forcerun make_views"):
        Pictures([tmp_path / "s.npy"], [tmp_path / "s.parquet"])


def test_rows_name_their_view() -> None:
    rows = pd.DataFrame({"glitch_id": ["a", "b", "c"], "view": ["", "4.0", "unknown"]})
    assert row_keys(rows) == [("a", None), ("b", 3), ("c", 0)]


def test_row_of_pictures_has_gaps_between_only() -> None:
    picture = np.zeros((4, 4, 3), dtype=np.uint8)
    assert row_of([picture, picture, picture], 2).shape == (4, 16, 3)


def test_typical_and_odd_members_do_not_repeat() -> None:
    members = pd.DataFrame(
        {
            "glitch_id": list("abcdef"),
            "probability": [1.0, 1.0, 0.9, 0.5, 0.2, 1.0],
            "isolation": [0.1, 0.0, 0.2, 0.6, 0.9, 0.3],
        }
    )
    typical = typical_members(members, "b", 2)
    assert typical == ["a", "f"]
    assert odd_members(members, ["b", *typical], 2) == ["e", "d"]
    assert odd_members(members, list("abcdef"), 2) == []


def test_members_by_label_put_the_nameless_last() -> None:
    placed = pd.DataFrame({"glitch_id": list("abcd"), "view": "", "label": ["B", None, "A", "B"]})
    groups = by_label(placed, 8)
    assert [(label, [key[0] for key in keys]) for label, keys in groups] == [
        ("B", ["a", "d"]),
        ("A", ["c"]),
        (None, ["b"]),
    ]


def test_text_in_a_figure_is_never_mathematics() -> None:
    assert plain("a$\\frac{$b") == "a\\$\\frac{\\$b"
    assert len(plain("x" * 99)) == 28
