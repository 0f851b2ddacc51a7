"""What the audit page says, taken from the tables of the audit."""

from typing import Any

import pandas as pd

from glitch_explorer.audit.labels import label_counts
from glitch_explorer.audit.leakage import GATED, NORMALISED_LIMIT, P_LIMIT
from glitch_explorer.audit.probe import LEAST
from glitch_explorer.map.schemas import UNASSIGNED
from glitch_explorer.site.pages import records
from glitch_explorer.site.witnesses.words import count_text, equals_text

#: Labels named of a family, families named of a label.
LABELS_NAMED, FAMILIES_NAMED = 3, 6
#: Labels on each side of the matrix of pairs, at most.
MATRIX_LABELS = 30


def doubted(suspects: pd.DataFrame) -> pd.DataFrame:
    """Keep the rows of table "suspects" whose label the neighbours, or confident learning, contradict."""
    return suspects[suspects["issue"] | (suspects["label"] != suspects["proposed_label"])]


def judged_rows(suspects: pd.DataFrame, proposals: pd.DataFrame) -> pd.DataFrame:
    """List what a reader is to judge: doubted labels, then labels proposed for glitches without one.

    Parameters
    ----------
    suspects, proposals
        Tables "suspects" and "relabel".

    Returns
    -------
    DataFrame
        glitch_id, view, family, label (None where there is none), proposed_label, evidence (0 to 1, NaN
        without a label), issue, confusable_pair, and `axis`, what the family's axis says of it; the most
        suspect first.
    """
    said = proposals.rename(columns={"evidence": "axis", "proposed_label": "on_axis"})
    key = ["glitch_id", "view"]
    known = doubted(suspects).merge(said[[*key, "axis", "on_axis"]], on=key, how="left")
    known["axis"] = known["axis"].where(
        known["axis"].notna() & (known["on_axis"] == known["proposed_label"]), ""
    )
    bare = said[said["label"].isna()].rename(columns={"on_axis": "proposed_label"})
    bare = bare.assign(evidence=float("nan"), issue=False, confusable_pair=False)
    columns = [*suspects.columns, "axis"]
    parts = [part[columns] for part in (known, bare) if len(part)]
    return pd.concat(parts, ignore_index=True) if parts else known[columns]


def family_lines(families: pd.DataFrame, rows: pd.DataFrame) -> list[dict[str, Any]]:
    """Describe over-splitting family by family, the highest entropy first.

    Parameters
    ----------
    families
        Table "audit_families".
    rows
        The map's rows: family and label.
    """
    counts = {family: label_counts(own["label"]) for family, own in rows.groupby("family")}
    ranked = families.sort_values(
        ["label_entropy_bits", "family"], ascending=[False, True], na_position="last"
    )
    return [
        {
            **row,
            "labels": list(counts[row["family"]].head(LABELS_NAMED).items()),
            "more": max(0, len(counts[row["family"]]) - LABELS_NAMED),
        }
        for row in records(ranked)
    ]


def label_lines(labels: pd.DataFrame, rows: pd.DataFrame) -> list[dict[str, Any]]:
    """Describe over-compression label by label, the highest entropy first.

    Parameters
    ----------
    labels
        Table "labels".
    rows
        The map's rows: family and label.
    """
    taken = rows[rows["family"] != UNASSIGNED]
    held = {label: label_counts(own["family"]) for label, own in taken.groupby("label")}
    nowhere = pd.Series(dtype=int)
    ranked = labels.sort_values(["family_entropy_bits", "label"], ascending=[False, True])
    return [
        {
            **row,
            "families": list(held.get(row["label"], nowhere).head(FAMILIES_NAMED).items()),
            "more": max(0, row["n_families"] - FAMILIES_NAMED),
        }
        for row in records(ranked)
    ]


def pair_lines(rows: pd.DataFrame) -> list[dict[str, Any]]:
    """Count the doubted labels by pair, both ways; the commonest pair first.

    Parameters
    ----------
    rows
        Of `judged_rows`; those without a label are in no pair.

    Returns
    -------
    list of dict
        `first` and `second` (labels in order of name), `forward` (labelled first, proposed second),
        `backward`, `n`, `issues` and `confusable`.
    """
    known = rows[rows["label"].notna() & (rows["label"] != rows["proposed_label"])]
    lines: dict[tuple[str, str], dict[str, Any]] = {}
    for row in records(known):
        first, second = sorted((row["label"], row["proposed_label"]))
        empty = {"first": first, "second": second, "forward": 0, "backward": 0, "n": 0, "issues": 0}
        line = lines.setdefault((first, second), empty | {"confusable": bool(row["confusable_pair"])})
        line["forward" if row["label"] == first else "backward"] += 1
        line["n"] += 1
        line["issues"] += int(row["issue"])
    return sorted(lines.values(), key=lambda line: (-line["n"], line["first"], line["second"]))


def pair_matrix(pairs: list[dict[str, Any]]) -> dict[str, Any]:
    """Lay the pairs out as label against proposed label; of many labels those with the most suspects.

    Returns
    -------
    dict
        `names` of the rows and columns, `counts` (label, proposed) to suspects, `confusable` pairs,
        `most` (the highest count) and `left`, the number of labels that are not drawn.
    """
    total: dict[str, int] = {}
    counts: dict[tuple[str, str], int] = {}
    for line in pairs:
        for name in (line["first"], line["second"]):
            total[name] = total.get(name, 0) + line["n"]
        counts[line["first"], line["second"]] = line["forward"]
        counts[line["second"], line["first"]] = line["backward"]
    names = sorted(sorted(total, key=lambda name: (-total[name], name))[:MATRIX_LABELS])
    return {
        "names": names,
        "counts": counts,
        "confusable": {
            pair
            for line in pairs
            if line["confusable"]
            for pair in ((line["first"], line["second"]), (line["second"], line["first"]))
        },
        "most": max(counts.values(), default=0),
        "left": len(total) - len(names),
    }


def gate_text(leakage: pd.DataFrame) -> str:
    """Say in words what the leakage gate found.

    Parameters
    ----------
    leakage
        Table "leakage".
    """
    gated = leakage[leakage["gated"]]
    if gated.empty:
        return (
            "The gate only reports here: each row is one view, whose length the families are bound to follow."
        )
    failed = gated.loc[gated["failed"], "variable"].tolist()
    if failed:
        return (
            f"The gate FAILS: given the label, the families follow {' and '.join(failed)}. They sort how "
            "glitches were pictured, not what they look like."
        )
    return (
        f"The gate passes: given the label, the families do not follow {' or '.join(gated['variable'])} "
        f"(it fails at p < {P_LIMIT:g} with more than {NORMALISED_LIMIT:g} of the entropy)."
    )


def leak_text(row: dict[str, Any]) -> str:
    """Say in words what one variable's row of table "leakage" means."""
    if row["failed"]:
        return "fails the run"
    seen = row["p_value"] < P_LIMIT
    size = f"{100 * max(0.0, row['normalised']):.1f}\u00a0% of its entropy"
    if row["gated"]:
        return f"passes: {'only ' + size if seen else 'no more than chance'}"
    physics = "" if row["variable"] in GATED else "; not gated, as it can be physics"
    if row["variable"] == "view length":
        physics = "; not gated, as each row is one view"
    return f"reported: {size if seen else 'no more than chance'}{physics}"


def probe_text(probe: pd.DataFrame, families: int) -> str:
    """Say in words whether the vectors of a family tell its detectors apart.

    Parameters
    ----------
    probe
        Table "probe".
    families
        Number of families.
    """
    asked = probe["family"].nunique()
    if not asked:
        return f"No family could be asked: none has {LEAST} members in each of two detectors."
    told = probe.loc[probe["auc_low"] > 0.5, "family"].nunique()
    of = f"{told} of {count_text(asked, 'family', 'families')} {'has' if told == 1 else 'have'}"
    return (
        f"{of} members whose detector the vectors tell: the 95\u00a0% interval of the area under the curve "
        "lies above 0.5. By chance alone about "
        f"{0.025 * len(probe):.1f} would. {families - asked} more could not be asked: fewer than "
        f"{LEAST} members in each of two detectors."
    )


def lead_text(suspects: pd.DataFrame, judged: pd.DataFrame, families: int) -> str:
    """Say in a sentence or two how much of the labels is in doubt."""
    if suspects.empty:
        return (
            f"No glitch on the map has a label: {count_text(families, 'family', 'families')} cannot be held "
            "against any."
        )
    issues, contradicted = int(suspects["issue"].sum()), len(doubted(suspects))
    bare = int(judged["label"].isna().sum())
    more = f" {bare} glitches without a label are proposed one." if bare else ""
    return (
        f"Of {len(suspects)} labels, {contradicted} are contradicted by their neighbours on the map, and "
        f"{issues} of these are counted as label errors.{more}"
    )


def probe_lines(probe: pd.DataFrame) -> list[dict[str, Any]]:
    """Give the rows of table "probe", the best told apart first, with what each says in words."""
    ranked = probe.sort_values(["auc", "family"], ascending=[False, True])
    return [{**row, "said": _probed(row)} for row in records(ranked)]


def _probed(row: dict[str, Any]) -> str:
    p = equals_text("p", row["p_value"])
    return f"told apart, {p}" if row["auc_low"] > 0.5 else f"not told apart, {p}"
