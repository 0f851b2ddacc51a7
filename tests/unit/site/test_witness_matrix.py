"""The order of the matrix of witnesses."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from glitch_explorer.site.evidence.matrix import matrix_order
from glitch_explorer.site.evidence.rows import strong_groups


def test_rows_that_share_columns_are_put_together() -> None:
    blocks = np.kron(np.eye(3), np.ones((2, 2)))
    mixed = [0, 2, 4, 1, 3, 5]
    rows, columns = matrix_order(blocks[np.ix_(mixed, mixed)])
    ordered = blocks[np.ix_(mixed, mixed)][np.ix_(rows, columns)]
    assert {tuple(sorted(mixed[row] // 2 for row in rows[at : at + 2])) for at in (0, 2, 4)} == {
        (0, 0),
        (1, 1),
        (2, 2),
    }
    # Blocks on the diagonal: no cell lies farther than one place from it.
    assert np.abs(np.subtract(*np.nonzero(ordered))).max() == 1


@given(st.integers(1, 12), st.integers(1, 12), st.integers(0, 1000))
def test_an_order_holds_every_row_and_column_once(height: int, width: int, seed: int) -> None:
    sizes = np.random.default_rng(seed).random((height, width)) + 0.1
    rows, columns = matrix_order(sizes)
    assert sorted(rows) == list(range(height))
    assert sorted(columns) == list(range(width))


def test_a_strong_witness_is_not_hidden_by_a_weak_one_of_its_group():
    def row(channel, t, *, strong):
        main = {"t_statistic": t}
        return {
            "family": "F",
            "ifo": "H1",
            "group": "H1:A",
            "channel": channel,
            "strong": strong,
            "main": main,
        }

    rows = [row("H1:A", 9.0, strong=False), row("H1:B", -6.0, strong=True), row("H1:C", 5.0, strong=True)]
    assert [witness["channel"] for witness in strong_groups(rows)] == ["H1:B"]
