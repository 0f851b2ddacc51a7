"""Names of columns in catalogues of Gravity Spy, triggers of Omicron and our own tables."""

import difflib
import re
from collections.abc import Sequence

from glitch_explorer.catalog.classes import CATALOGUE_CLASSES
from glitch_explorer.core.errors import UserError

#: Column names of each quantity, best first; two names together are combined (see `rows`). Case, blanks
#: and punctuation do not matter: `peakFreq` and `Q-value` are spellings of Gravity Spy's search page.
NAMES: dict[str, tuple[tuple[str, ...], ...]] = {
    "glitch_id": (("gravityspy_id",), ("glitch_id",), ("id",)),
    "ifo": (("ifo",), ("detector",)),
    "channel": (("channel",),),
    "event_time": (
        ("event_time",), ("time",), ("gps_time",), ("peak_time", "peak_time_ns"), ("peak_time",), ("peak",),
        ("end_time", "end_time_ns"), ("end_time",), ("gps",),
    ),
    "duration_s": (("duration",), ("duration_s",), ("tstart", "tend")),
    "peak_frequency_hz": (
        ("peak_frequency",), ("peak_frequency_hz",), ("peak_freq",), ("frequency",), ("central_freq",),
    ),
    "bandwidth_hz": (("bandwidth",), ("bandwidth_hz",), ("fstart", "fend")),
    "snr": (("snr",),),
    "ranking": (("ranking",),),
    "label": (("label",), ("ml_label",)),
    "label_confidence": (("label_confidence",), ("ml_confidence",), ("confidence",)),
    "label_source": (("label_source",),),
    "view_path_0_5": (("url1",), ("Filename1",)),
    "view_path_1_0": (("url2",), ("Filename2",)),
    "view_path_2_0": (("url3",), ("Filename3",)),
    "view_path_4_0": (("url4",), ("Filename4",)),
}  # fmt: skip
#: Quantities that are numbers; the others are text.
NUMBERS = (
    "event_time", "duration_s", "peak_frequency_hz", "bandwidth_hz", "snr", "ranking", "label_confidence",
)  # fmt: skip

#: Part of a name that tells of a label.
_LABEL = re.compile("label|class", re.IGNORECASE)

#: Column of the catalogue → the columns of the source that it is read from.
Plan = dict[str, tuple[str, ...]]


def _key(name: str) -> str:
    """Return what all spellings of a column's name have in common."""
    return re.sub(r"[^a-z0-9]", "", name.casefold())


def plan_columns(columns: Sequence[str]) -> Plan:
    """Return the source's columns for each column of the catalogue.

    Without a label, the columns named like a class are its confidences, under the
    target `classes`.
    """
    spelt = {_key(column): column for column in reversed(columns)} | {column: column for column in columns}
    plan: Plan = {}
    for target, choices in NAMES.items():
        for names in choices:
            sources = [spelt.get(name, spelt.get(_key(name))) for name in names]
            if None not in sources:
                plan[target] = tuple(source for source in sources if source is not None)
                break
    if is_read_from(plan, "label", "label") and is_read_from(plan, "label_confidence", "ml_confidence"):
        del plan["label_confidence"]  # the confidence of the machine's label, not of this one
    classes = tuple(column for column in columns if column in CATALOGUE_CLASSES)
    if classes and not {"label", "label_confidence"} <= plan.keys():
        plan["classes"] = classes
    return plan


def is_read_from(plan: Plan, target: str, name: str) -> bool:
    """Check whether `target` is read from the column `name`, in any spelling."""
    return [_key(source) for source in plan.get(target, ())] == [_key(name)]


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
    separators = [mark for mark in ";\t|" if len(columns) == 1 and mark in columns[0]]
    if separators:
        hint = f"its columns are separated by {separators[0]!r}, not by commas"
    raise UserError(f"{source} has no column {' or '.join(map(repr, names))}: {hint}")


def refuse_unknown_label(plan: Plan, columns: Sequence[str], source: str) -> None:
    """Refuse a table without a label, but with a column that is named like one.

    Raises
    ------
    UserError
        The message has the column and the known name that is most similar to it.
    """
    if {"label", "classes"} & plan.keys():
        return
    used = {source for sources in plan.values() for source in sources}
    known = [name for target in ("label", "label_confidence", "label_source") for (name,) in NAMES[target]]
    labels = [name for (name,) in NAMES["label"]]
    for column in (column for column in columns if column not in used):
        alike = difflib.get_close_matches(column.casefold(), labels, cutoff=0.7)
        if alike or (_LABEL.search(column) and _key(column) not in map(_key, known)):
            near = difflib.get_close_matches(column.casefold(), labels, n=1, cutoff=0.0)[0]
            raise UserError(
                f"{source} has no label: its column {column!r} is not known; rename it {near!r} (labels are "
                f"read from {' or '.join(map(repr, labels))}), or remove it"
            )
