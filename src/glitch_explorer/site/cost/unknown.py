"""What cost and models leave open of a family, as codes with facts; unknown.html has the sentences."""

from collections.abc import Iterable, Sequence
from typing import Any

from glitch_explorer.site.numbers import known

Item = dict[str, Any]

#: Columns of table "skill" that say why a model is missing.
_REASON = ("reason", "n_timed", "n_glitches", "n_segments", "n_background", "blocks")


def impact_unknown(detectors: Sequence[Item]) -> list[Item]:
    """Return what cost and models leave open of a family.

    Parameters
    ----------
    detectors
        Results of the family, one per detector, from `family.detector_impact`.

    Returns
    -------
    list of dict
        `code`, the name of the sentence's macro, `ifo`, and the facts of the sentence.
    """
    return [
        {"code": code, "ifo": detector["ifo"], **facts}
        for detector in detectors
        for code, facts in (
            *(() if detector["union"] else _cost(detector["cost"])),
            *_models(detector["models"]),
        )
    ]


def _cost(cost: Item | None) -> Iterable[tuple[str, Item]]:
    """Yield what is unknown of the cost in one detector."""
    if cost is None:
        yield "no_glitch", {}
        return
    if not known(cost["cost_mpc3_yr"]):
        yield "no_cost", {"reason": cost["reason"]}
    elif not known(cost["cost_low"]):
        yield "no_interval", {}
    elif cost["cost_low"] <= 0 <= cost["cost_high"]:
        yield "perhaps_zero", {}
    if cost["threshold_source"] == "snr":
        yield "threshold_proxy", {}


def _models(models: Sequence[Item]) -> Iterable[tuple[str, Item]]:
    """Yield what is unknown of the models in one detector."""
    for view in ("witness", "precursor"):
        rows = [row for row in models if row["view"] == view]
        if not rows:
            yield "no_model", {"view": view}
        elif not any(row["beats"] for row in rows):
            fitted = any(known(row["ap"]) for row in rows)
            facts = {name: rows[0][name] for name in _REASON}
            yield ("gated", {"view": view}) if fitted else ("no_fit", {"view": view, **facts})
        if any(row["beats"] and known(row["slid_beats"]) and row["slid_beats"] for row in rows):
            yield "beats_on_slides", {"view": view}
