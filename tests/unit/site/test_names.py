"""What pages call a family."""

import pandas as pd

from glitch_explorer.site.families.names import family_names


def audited(*rows: tuple[str | None, str, str, int]) -> pd.DataFrame:
    columns = ["name", "label_state", "possible_new_class", "n_classified"]
    table = pd.DataFrame(rows, columns=columns)
    return table.assign(family=[f"F{number:03d}" for number in range(1, len(rows) + 1)])


def test_a_family_has_a_name_only_where_its_labels_settle_it() -> None:
    table = audited(
        ("Blip", "labelled", "", 9),
        (None, "mixed", "", 9),
        (None, "mixed", "misfit", 9),
        (None, "unlabelled", "without_label", 2),
        (None, "unlabelled", "", 2),
    )
    assert list(family_names(table).values()) == [
        "Blip", "mixed labels", "possible new class", "possible new class", "unlabelled",
    ]  # fmt: skip


def test_families_of_an_unlabelled_catalogue_are_called_by_their_id_alone() -> None:
    assert family_names(audited((None, "unlabelled", "", 0), (None, "unlabelled", "", 0))) == {
        "F001": None,
        "F002": None,
    }
