"""What map and catalogue leave open of a family, as codes with facts; unknown.html has the sentences."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pandas as pd

from glitch_explorer.audit.schemas import FEW_BLOCKS, LEAST, LEAST_BLOCKS, UNLABELLED
from glitch_explorer.site.numbers import known

#: Stability from which a family counts as stable (Hennig 2007).
STABLE = 0.75
#: Labels that purity and entropy of a family should rest on.
LEAST_LABELLED = 10
#: Columns that a catalogue may lack.
MEASURED = ("snr", "peak_frequency_hz", "duration_s")

Item = dict[str, Any]


def map_unknown(
    audit: Mapping[str, Any], gradient: bool, members: pd.DataFrame, probe: Sequence[Mapping[str, Any]]
) -> list[Item]:
    """Return what map, labels and catalogue leave open of a family.

    Parameters
    ----------
    audit
        The family's row of table "audit_families".
    gradient
        Whether the labels change along the family's axis.
    members
        The family's rows of the map: ifo, snr, peak_frequency_hz, duration_s.
    probe
        The family's rows of table "probe".

    Returns
    -------
    list of dict
        `code`, the name of the sentence's macro, and the facts of the sentence.
    """
    return [
        *_labels(audit, gradient),
        *_stability(audit),
        *_detectors(sorted(members["ifo"].unique()), probe),
        *catalogue_unknown(members),
    ]


def catalogue_unknown(members: pd.DataFrame) -> list[Item]:
    """Return which quantities the catalogue does not have of a family's members; see `map_unknown`."""
    missing = {column: int(members[column].isna().sum()) for column in MEASURED}
    return [
        {"code": "not_measured", "column": column, "missing": count, "n": len(members)}
        for column, count in missing.items()
        if count
    ]


def _labels(audit: Mapping[str, Any], gradient: bool) -> Iterable[Item]:
    if audit["label_state"] == UNLABELLED and not audit["possible_new_class"]:
        yield {"code": "new_or_known"}
    labelled = audit["n_labelled"]
    if not labelled:
        yield {"code": "no_label"}
        return
    if labelled < LEAST_LABELLED:
        yield {"code": "few_labels", "labelled": labelled, "n": audit["n"], "least": LEAST_LABELLED}
    if not gradient:
        yield {"code": "no_gradient", "labelled": labelled}


def _stability(audit: Mapping[str, Any]) -> Iterable[Item]:
    if not known(audit["stability"]):
        yield {"code": "no_stability"}
    elif audit["stability"] < STABLE:
        yield {"code": "unstable", "stability": audit["stability"], "limit": STABLE}
    elif audit["stability_low"] < STABLE:
        yield {"code": "perhaps_unstable", "low": audit["stability_low"], "limit": STABLE}


def _detectors(detectors: list[str], probe: Sequence[Mapping[str, Any]]) -> Iterable[Item]:
    if len(detectors) == 1:
        yield {"code": "one_detector", "ifo": detectors[0]}
    elif not probe:
        yield {"code": "no_probe", "detectors": detectors, "least": LEAST}
    for row in probe:
        if row["reason"] == FEW_BLOCKS:
            yield {"code": FEW_BLOCKS, "detectors": row["detectors"].split(), "least": LEAST_BLOCKS}
        elif row["auc_low"] > 0.5:
            yield {"code": "detectors_differ", "detectors": row["detectors"].split(), "auc": row["auc"]}
