"""The main job of the audit, from files."""

import numpy as np
import pandas as pd
import pytest

from glitch_explorer.audit.run import make_audit
from glitch_explorer.core import files
from glitch_explorer.core.errors import UserError
from tests.fixtures.rows import write_tables


def test_a_damaged_graph_is_named(tmp_path):
    rows = pd.DataFrame({"glitch_id": ["a", "b"], "family": "F001"})
    paths = write_tables(tmp_path, glitches=rows[["glitch_id"]], families=rows)
    files.write_array(tmp_path / "vectors.npy", np.eye(2, dtype=np.float32))
    neighbours = tmp_path / "neighbours.npz"
    neighbours.write_bytes(b"PK no more")
    with pytest.raises(UserError, match=r"neighbours\.npz is damaged"):
        make_audit(
            **paths,
            vectors=tmp_path / "vectors.npy",
            neighbours=neighbours,
            stability=tmp_path / "stability.parquet",
            confusable=tmp_path / "confusable.csv",
            out=tmp_path,
            sections=5,
            seed=1,
        )
