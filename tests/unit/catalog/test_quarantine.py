"""The quarantine: joined, limited, and every code explained on the page."""

from pathlib import Path

import jinja2
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import glitch_explorer.site
from glitch_explorer.catalog import quarantine as catalog
from glitch_explorer.catalog.quarantine import check_views, gather_quarantine
from glitch_explorer.catalog.schemas import GLITCHES, QUARANTINE
from glitch_explorer.core import tables
from glitch_explorer.core.errors import UserError
from glitch_explorer.sources import reasons as sources
from glitch_explorer.views import reasons as views


def part(path, *rows):
    frame = pd.DataFrame(rows, columns=["glitch_id", "reason"])
    frame = frame.assign(
        row=range(len(frame)), stage="views", source="a.csv", detail="error=EOFError", read=""
    )
    tables.write(QUARANTINE, frame, path)
    return path


def test_quarantine_is_gathered_and_limited(tmp_path):
    first = part(
        tmp_path / "1.parquet", ("b", "picture_broken"), ("b", "picture_broken"), ("c", "file_missing")
    )
    parts = [first, part(tmp_path / "2.parquet", (None, "event_time_missing")), part(tmp_path / "3.parquet")]
    out = tmp_path / "all.parquet"
    gather_quarantine(parts, out, n_rows=30, max_share=0.1)
    assert len(tables.read(QUARANTINE, out)) == 4
    content = out.read_bytes()
    gather_quarantine(parts[::-1], out, n_rows=30, max_share=0.1)
    assert out.read_bytes() == content
    out.unlink()
    with pytest.raises(UserError, match=r"3 of 29 .*2 x picture_broken \(error=EOFError\)"):
        gather_quarantine(parts, out, n_rows=29, max_share=0.1)
    assert out.read_bytes() == content


def test_quarantined_views_stop_the_run_before_the_map(tmp_path):
    broken = part(tmp_path / "1.parquet", ("b", "picture_broken"), ("b", "picture_broken"))
    parts = [broken, part(tmp_path / "2.parquet")]
    shards = [tmp_path / "a.parquet", tmp_path / "b.parquet"]
    for shard, names in zip(shards, ("ab", "cde"), strict=True):
        ids = pa.array(list(names), GLITCHES.field("glitch_id").type)
        pq.write_table(pa.table({"glitch_id": ids}), shard)
    check_views(parts, shards, max_share=0.2)
    with pytest.raises(UserError, match=r"1 of 5 .*limits.quarantined_share = 0.1"):
        check_views(parts, shards, max_share=0.1)


def test_no_quarantine_at_all_is_a_table_without_rows(tmp_path):
    gather_quarantine([], tmp_path / "all.parquet", n_rows=0, max_share=0.1)
    assert tables.read(QUARANTINE, tmp_path / "all.parquet").empty


@pytest.mark.parametrize("code", [*catalog.Reason, *views.Reason, *sources.Reason])
def test_every_code_has_a_sentence(code):
    loader = jinja2.FileSystemLoader(Path(glitch_explorer.site.__file__).parent)
    template = jinja2.Environment(loader=loader, autoescape=True).get_template("reasons.html")
    assert " " in template.module.reason(code)
