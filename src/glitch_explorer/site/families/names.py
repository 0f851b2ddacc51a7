"""What pages call a family."""

from collections.abc import Mapping

import pandas as pd

from glitch_explorer.audit.schemas import MIXED, UNLABELLED
from glitch_explorer.site.numbers import known

#: A family that may be a new class, and families whose labels do not name them.
NEW, STATES = "possible new class", {MIXED: "mixed labels", UNLABELLED: "unlabelled"}

#: Family to what pages call it, None where no glitch in a family has a class.
Names = Mapping[str, str | None]


def family_names(families: pd.DataFrame) -> dict[str, str | None]:
    """Return what pages call each family, from table "audit_families".

    Its name, or `NEW`, or the state of its labels; None for all where no member of any has a class.
    """
    some = families["n_classified"].sum() > 0
    called = [
        name if known(name) else NEW if new else STATES[state] if some else None
        for name, new, state in zip(
            families["name"], families["possible_new_class"], families["label_state"], strict=True
        )
    ]
    return dict(zip(families["family"].astype(str), called, strict=True))
