"""Names of columns in catalogues of Gravity Spy, triggers of Omicron and our own tables."""

import difflib
from collections.abc import Sequence

from glitch_explorer.catalog.classes import CATALOGUE_CLASSES
from glitch_explorer.core.errors import UserError

#: Column names of each quantity, best first; two names together are combined (see `rows`).
NAMES: dict[str, tuple[tuple[str, ...], ...]] = {
    "glitch_id": (("gravityspy_id",), ("glitch_id",), ("id",)),
    "ifo": (("ifo",), ("detector",)),
    "channel": (("channel",),),
    "event_time": (
        ("event_time",),
        ("time",),
        ("peak_time", "peak_time_ns"),
        ("peak_time",),
        ("peak",),
        ("end_time", "end_time_ns"),
        ("end_time",),
    ),
    "duration_s": (("duration",), ("duration_s",), ("tstart", "tend")),
    "peak_frequency_hz": (("peak_frequency",), ("peak_frequency_hz",), ("frequency",), ("central_freq",)),
    "bandwidth_hz": (("bandwidth",), ("bandwidth_hz",), ("fstart", "fend")),
    "snr": (("snr",),),
    "ranking": (("ranking",),),
    "label": (("label",), ("ml_label",)),
    "label_confidence": (("label_confidence",), ("ml_confidence",)),
    "label_source": (("label_source",),),
    "view_path_0_5": (("url1",), ("Filename1",)),
    "view_path_1_0": (("url2",), ("Filename2",)),
    "view_path_2_0": (("url3",), ("Filename3",)),
    "view_path_4_0": (("url4",), ("Filename4",)),
}
#: Quantities that are numbers; the others are text.
NUMBERS = (
    "event_time", "duration_s", "peak_frequency_hz", "bandwidth_hz", "snr", "ranking", "label_confidence",
)  # fmt: skip

#: Column of the catalogue → the columns of the source that it is read from.
Plan = dict[str, tuple[str, ...]]


def plan_columns(columns: Sequence[str]) -> Plan:
    """Return the source's columns for each column of the catalogue.

    Without a label, the columns named like a class are its confidences, under the
    target `classes`.
    """
    plan: Plan = {}
    for target, choices in NAMES.items():
        for names in choices:
            if all(name in columns for name in names):
                plan[target] = names
                break
    if plan.get("label") == ("label",) and plan.get("label_confidence") == ("ml_confidence",):
        del plan["label_confidence"]  # the confidence of the machine's label, not of this one
    classes = tuple(column for column in columns if column in CATALOGUE_CLASSES)
    if classes and not {"label", "label_confidence"} <= plan.keys():
        plan["classes"] = classes
    return plan


def source_columns(plan: Plan) -> list[str]:
    """Return the source's columns that a plan uses, each once."""
    return list(dict.fromkeys(name for names in plan.values() for name in names))


def require(plan: Plan, target: str, columns: Sequence[str], source: str) -> None:
    """Refuse a source without a column for `target`.

    Raises
    ------
    UserError
        The message has the column, the file and the column with the most similar name.
    """
    if target in plan:
        return
    names = [" + ".join(choice) for choice in NAMES[target]]
    near = difflib.get_close_matches(NAMES[target][0][0], columns, n=1, cutoff=0.5)
    hint = f"did you mean {near[0]!r}?" if near else f"it has {', '.join(columns[:8]) or 'no columns'}"
    raise UserError(f"{source} has no column {' or '.join(map(repr, names))}: {hint}")
