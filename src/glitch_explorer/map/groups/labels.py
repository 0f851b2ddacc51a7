"""Labels of the catalogue as families."""

import logging
from collections.abc import Sequence

import pandas as pd

from glitch_explorer.catalog.classes import NO_CLASS, known_label
from glitch_explorer.core.errors import UserError

_LOG = logging.getLogger(__name__)


def label_groups(glitches: pd.DataFrame, *, confidence: float, labels: Sequence[str]) -> pd.Series:
    """Return the label of each glitch, if it names a class with enough confidence.

    None_of_the_Above names no class. A label without a confidence, such as a person's, counts.

    Parameters
    ----------
    glitches
        Columns label and label_confidence of table "glitches".
    confidence
        Lowest confidence of a label that counts.
    labels
        Labels that become families, also in another spelling of a class; all if empty.

    Returns
    -------
    pandas.Series
        ``(n,)`` labels, missing where there is none.

    Raises
    ------
    UserError
        When no glitch has such a label, or none has one of `labels`.
    """
    label, known = glitches["label"], glitches["label_confidence"]
    if not label.notna().any():
        raise UserError(
            "families.source is labels, but no glitch of the catalogue has a label: name tables with a column"
            " label or ml_label in source.paths, or set families.source to map or file"
        )
    classified = label.notna() & (label != NO_CLASS)
    doubtful = classified & (known < confidence)
    _LOG.info(
        "of %d glitches %d have no label, %d are %s, %d have a label below families.confidence %g",
        len(label), label.isna().sum(), (label == NO_CLASS).sum(), NO_CLASS, doubtful.sum(), confidence,
    )  # fmt: skip
    unsure = classified & known.isna()
    if unsure.any():
        _LOG.warning("%d labels have no confidence, and count", unsure.sum())
    sure = classified & ~doubtful
    if not sure.any():
        highest = f"the highest is {known[classified].max():g}" if classified.any() else f"all are {NO_CLASS}"
        raise UserError(
            f"no label names a class with a confidence of at least families.confidence = {confidence:g}:"
            f" {highest}; lower it, or set families.source to map or file"
        )
    return _selected(label.where(sure), labels)


def _selected(group: pd.Series, labels: Sequence[str]) -> pd.Series:
    """Return the labels ``(n,)`` that are among `labels`, all if that is empty.

    Raises
    ------
    UserError
        When one of `labels` does not occur.
    """
    if not labels:
        return group
    names = set(group.dropna())
    wanted = {name if name in names else known_label(name) for name in labels}
    absent = [str(name) for name in wanted if name not in names]
    if absent:
        raise UserError(
            f"families.labels: no glitch has the label {', '.join(sorted(absent))} with enough confidence;"
            f" the labels are {', '.join(sorted(names))}"
        )
    return group.where(group.isin(wanted))
