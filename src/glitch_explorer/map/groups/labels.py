"""Labels of the catalogue as families."""

import logging

import pandas as pd

from glitch_explorer.catalog.classes import NO_CLASS
from glitch_explorer.core.errors import UserError

_LOG = logging.getLogger(__name__)


def label_groups(glitches: pd.DataFrame, *, confidence: float) -> pd.Series:
    """Return the label of each glitch, if it names a class with enough confidence.

    None_of_the_Above names no class. A label without a confidence, such as a person's, counts.

    Parameters
    ----------
    glitches
        Columns label and label_confidence of table "glitches".
    confidence
        Lowest confidence of a label that counts.

    Returns
    -------
    pandas.Series
        ``(n,)`` labels, missing where there is none.

    Raises
    ------
    UserError
        When no glitch has such a label.
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
    return label.where(sure)
