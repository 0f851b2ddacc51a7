"""Tables of the map for other programs."""

import pandas as pd
import pyarrow.parquet as pq

from glitch_explorer.export.embedding_atlas import export_embedding_atlas
from tests.fixtures.rows import write_tables


def test_neighbours_are_rows_of_the_table(tmp_path):
    key = pd.DataFrame({"glitch_id": ["b", "a", "c"], "view": ""})
    suspects = {"family": "F001", "label": "x", "proposed_label": "Blip", "evidence": 0.9, "issue": True}
    near = {"glitch_id": ["b", "b", "a"], "rank": [1, 2, 1], "neighbour_id": ["c", "a", "b"]}
    paths = write_tables(
        tmp_path,
        glitches=pd.DataFrame(
            {"glitch_id": ["a", "b", "c"], "event_time": [1.0, 2.0, None], "label": ["Blip", None, "x"]}
        ),
        families=key.assign(family=["F001", "F001", "-1"], probability=1.0, outlier_score=0.0, isolation=1.0),
        coordinates=key.assign(x=[1.0, 2.0, 3.0]),
        neighbours=pd.DataFrame(near | {"distance": [0.1, 0.2, 0.2]}),
        suspects=key[:1].assign(**suspects),
    )
    export_embedding_atlas(**paths, out=tmp_path / "out.parquet")
    rows = pq.read_table(tmp_path / "out.parquet").to_pylist()
    assert [row["neighbours"] for row in rows] == [
        {"ids": [2, 1], "distances": [0.1, 0.2]},
        {"ids": [0], "distances": [0.2]},
        {"ids": [], "distances": []},
    ]
    assert [(row["glitch_id"], row["event_time"], row["label"]) for row in rows] == [
        ("b", 2.0, None),
        ("a", 1.0, "Blip"),
        ("c", None, "x"),
    ]
    assert [row["suspect"] for row in rows] == [True, False, False]
