"""The findings worth reading first: the largest of each kind that exceeds its error, in a stated order."""

from dataclasses import dataclass
from typing import Any

import pandas as pd

from glitch_explorer.audit.gradient import wilson_interval
from glitch_explorer.audit.leakage import NORMALISED_LIMIT
from glitch_explorer.map.schemas import UNASSIGNED
from glitch_explorer.site.cost.words import costliest, family_labels, place_text
from glitch_explorer.site.numbers import amount_text
from glitch_explorer.site.pages import records
from glitch_explorer.site.unknown import STABLE
from glitch_explorer.site.witnesses.answers import ALPHA
from glitch_explorer.site.witnesses.words import (
    KINDS,
    band_text,
    count_text,
    equals_text,
    interval_text,
    lag_text,
    share_text,
    verb_text,
)

#: Findings that are shown.
SHOWN = 5
#: Labels mix where the plurality label's share is surely below this.
PURE = 0.9
#: The rule, as the page says it.
RULE = (
    "First what puts other numbers in doubt: a leakage gate or a null that fails. Then what a search loses, "
    "what goes before or with a family, families that a reference map does not have, where labels are wrong, "
    "where one morphology has many labels, where one label covers many morphologies, and families that are "
    "not stable. Of each kind the largest, and only where it exceeds its error: an interval clear of its "
    f"limit, or q at most {ALPHA}."
)


@dataclass(frozen=True)
class Finding:
    """A sentence, the page that shows more, and the term of `methods.html` that explains its number."""

    text: str
    page: str
    method: str


@dataclass(frozen=True)
class Found:
    """The tables that findings are read from; None where a stage was not run."""

    leakage: pd.DataFrame
    #: Table "audit_families".
    families: pd.DataFrame
    #: Table "labels".
    labels: pd.DataFrame
    suspects: pd.DataFrame
    #: Table "family_ids".
    ids: pd.DataFrame
    #: Labelled rows of the map: family and label.
    labelled: pd.DataFrame
    calibration: pd.DataFrame | None
    witnesses: pd.DataFrame | None
    cost: pd.DataFrame | None


def findings(found: Found) -> list[Finding]:
    """Give the findings worth reading first, at most `SHOWN`, in the order of `RULE`."""
    kinds = (
        leaking,
        uncalibrated,
        costly,
        witnessed,
        new_families,
        label_errors,
        over_split,
        over_compressed,
        unstable,
    )
    told = (kind(found) for kind in kinds)
    return [finding for finding in told if finding is not None][:SHOWN]


def _range(low: float, high: float) -> str:
    """Write the 95 % interval of a share."""
    return f"95\u00a0% interval {100 * low:.0f} to {100 * high:.0f}\u00a0%"


def leaking(found: Found) -> Finding | None:
    """Say that families follow how glitches were pictured."""
    failed = found.leakage[found.leakage["failed"]].sort_values("normalised", ascending=False)
    if failed.empty:
        return None
    worst = failed.iloc[0]
    text = (
        f"The leakage gate fails: given the label, families know the {worst['variable']} "
        f"(normalised {worst['normalised']:.2f}, limit {NORMALISED_LIMIT}; "
        f"{equals_text('p', worst['p_value'])})."
    )
    return Finding(text, "index.html#leakage", "leakage")


def uncalibrated(found: Found) -> Finding | None:
    """Say that p-values of witnesses come out too small."""
    if found.calibration is None or found.calibration["passed"].all():
        return None
    worst = found.calibration[~found.calibration["passed"]].sort_values(["binomial_p", "alpha"]).iloc[0]
    low, high = wilson_interval(worst["n_below"], worst["n"])
    text = (
        f"The nulls of the witnesses fail their calibration: {worst['n_below']} of {worst['n']} null "
        f"families ({KINDS[worst['kind']]}) have p at most {worst['alpha']:g}, {share_text(worst['share'])} "
        f"({_range(low, high)})."
    )
    return Finding(text, "witnesses.html#nulls", "calibration")


def costly(found: Found) -> Finding | None:
    """Say which family costs most."""
    if found.cost is None or found.cost["cost_mpc3_yr"].isna().all():
        return None
    return Finding(costliest(found.cost, family_labels(found.families)), "cost.html", "cost")


def witnessed(found: Found) -> Finding | None:
    """Name the strongest precursor candidate, else the strongest witness: by what is surely in excess."""
    if found.witnesses is None:
        return None
    counted = found.witnesses[found.witnesses["q_value"].to_numpy(float, na_value=1.0) <= ALPHA]
    sure = counted[counted["excess_low"].to_numpy(float, na_value=0.0) > 0]
    leads = sure["relation"] == "leads"
    sure = (sure[leads] if leads.any() else sure).sort_values(
        ["excess_low", "family", "ifo", "channel"], ascending=[False, True, True, True]
    )
    if sure.empty:
        return None
    row = records(sure)[0]
    where = place_text(row, family_labels(found.families).get(row["family"]))
    name = "the strongest precursor candidate" if leads.any() else "the strongest witness"
    unknown = "; safety unknown" if row["safety"] == "unknown" else ""
    text = (
        f"{row['channel']} ({band_text(row['band'])}) {verb_text(row)} {lag_text(row['lag'])} of {where}: "
        f"{name}, in {share_text(row['efficiency'])} of the glitches (excess {row['excess_efficiency']:.2f}, "
        f"{interval_text(row)}; {equals_text('q', row['q_value'])}{unknown})."
    )
    return Finding(text, f"family/{row['family']}.html#witnesses", "relation" if leads.any() else "excess")


def new_families(found: Found) -> Finding | None:
    """Name the families that the reference map does not have."""
    compared = found.ids["overlap"].notna().any()
    new = found.ids[found.ids["new"]].sort_values(["n", "family"], ascending=[False, True])
    if new.empty or not compared:
        return None
    largest = new.iloc[0]
    text = (
        f"{count_text(len(new), 'family is', 'families are')} new to the reference map; the largest is "
        f"{largest['family']} with {largest['n']} members."
    )
    return Finding(text, f"family/{largest['family']}.html", "ids")


def label_errors(found: Found) -> Finding | None:
    """Count the label errors, and name the pair of labels that is doubted most."""
    wrong, n = found.suspects[found.suspects["issue"]], len(found.labelled)
    if wrong.empty:
        return None
    low, high = wilson_interval(len(wrong), n)
    pairs = wrong.groupby(["label", "proposed_label"]).agg(
        n=("issue", "size"), doubt=("evidence", "sum"), confusable=("confusable_pair", "any")
    )
    pairs = pairs.sort_values("doubt", ascending=False, kind="stable").reset_index()
    pair = records(pairs)[0]
    experts = ", which experts confuse" if pair["confusable"] else ""
    text = (
        f"{len(wrong)} of {n} labels, {share_text(len(wrong) / n)} ({_range(low, high)}), are counted as "
        f"label errors; most doubted is {pair['label']} that looks like {pair['proposed_label']}{experts} "
        f"({count_text(pair['n'], 'glitch', 'glitches')})."
    )
    return Finding(text, "audit.html", "suspects")


def over_split(found: Found) -> Finding | None:
    """Name the family whose labels are mixed most, where they surely are."""
    rows = [{**row, **_share(row["purity"], row["n_labelled"])} for row in records(found.families)]
    mixed = [row for row in rows if row["n_labelled"] and row["high"] < PURE]
    if not mixed:
        return None
    row = max(mixed, key=lambda row: row["label_entropy_bits"])
    text = (
        f"{row['family']} is one morphology under many labels: {share_text(row['purity'])} "
        f"({_range(row['low'], row['high'])}) of its {row['n_labelled']} labelled members are "
        f"{row['plurality_label']}; label entropy {row['label_entropy_bits']:.2f}\u00a0bit."
    )
    return Finding(text, f"family/{row['family']}.html", "over-splitting")


def over_compressed(found: Found) -> Finding | None:
    """Name the label that is spread over families most, where it surely is."""
    inside = found.labelled[found.labelled["family"] != UNASSIGNED]
    counts = inside.groupby(["label", "family"]).size().rename("held").reset_index()
    largest = counts.sort_values(["held", "family"], ascending=[False, True]).drop_duplicates("label")
    spread = found.labels.merge(largest, on="label")
    spread["total"] = spread["label"].map(inside.groupby("label").size())
    rows = [{**row, **_share(row["held"] / row["total"], row["total"])} for row in records(spread)]
    rows = [row for row in rows if row["high"] < PURE]
    if not rows:
        return None
    row = max(rows, key=lambda row: row["family_entropy_bits"])
    text = (
        f"{row['label']} is one label on many morphologies: its glitches lie in {row['n_families']} "
        f"families, {share_text(row['share'])} ({_range(row['low'], row['high'])}) in the largest, "
        f"{row['family']}; family entropy {row['family_entropy_bits']:.2f}\u00a0bit."
    )
    return Finding(text, f"family/{row['family']}.html", "over-compression")


def unstable(found: Found) -> Finding | None:
    """Count the families that re-runs do not find again, and name the worst."""
    rows = found.families[found.families["stability_high"] < STABLE]
    if rows.empty:
        return None
    worst = rows.sort_values(["stability", "family"]).iloc[0]
    ends = f"{amount_text(worst['stability_low'], 2)} to {amount_text(worst['stability_high'], 2)}"
    text = (
        f"{count_text(len(rows), 'family is', 'families are')} surely less stable than {STABLE}; the least "
        f"is {worst['family']}, stability {worst['stability']:.2f} (95\u00a0% interval {ends})."
    )
    return Finding(text, f"family/{worst['family']}.html", "stability")


def _share(share: float | None, n: int) -> dict[str, Any]:
    """Give a share with the ends of its 95 % interval; of nothing, all shares are possible."""
    low, high = wilson_interval(share * n if n and share is not None else 0, n)
    return {"share": share, "low": low, "high": high}
