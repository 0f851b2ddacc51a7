"""The evaluation as a page and a figure."""

from pathlib import Path

import numpy as np
import pandas as pd

from glitch_explorer.core import files
from glitch_explorer.core.views import VIEW_NAMES
from glitch_explorer.site.palette import look
from glitch_explorer.site.plots import bare, figure, plain, save

#: Columns of the page's tables.
_VIEWS = (*VIEW_NAMES, "any", "fused")
#: Confusions listed for each encoder.
_LISTED = 8


def _title(row: pd.Series) -> str:
    """Name an encoder, with its draw where it is untrained."""
    untrained = str(row["encoder"]).endswith("untrained")
    return f"{row['encoder']} {row['draw']}" if untrained else str(row["encoder"])


def _share(row: pd.Series) -> str:
    if not row["n"]:
        return "–"
    return f"{row['accuracy']:.2f} ({row['accuracy_low']:.2f}–{row['accuracy_high']:.2f})"


def _errors(row: pd.Series) -> str:
    if not row["errors"]:
        return "no error"
    return f"{row['confusable']:.2f} of {row['errors']} ({row['confusable_chance']:.2f})"


def _score_lines(part: pd.DataFrame) -> list[str]:
    """Make the table of one set of pictures and one group of types."""
    heads = [f"{view} s" if view in VIEW_NAMES else view for view in _VIEWS]
    heads = ["encoder", *heads, "MRR fused", "p fused", "errors on confusable pairs (by chance)"]
    lines = [f"| {' | '.join(heads)} |", "|" + "---|" * len(heads)]
    for _, rows in part.groupby(["encoder", "draw"], sort=False):
        by_view = {row["view"]: row for _, row in rows.iterrows()}
        fused = by_view["fused"]
        mrr = f"{fused['mrr']:.2f} ({fused['mrr_low']:.2f}–{fused['mrr_high']:.2f})" if fused["n"] else "–"
        p_value = f"{fused['p_value']:.3f}" if fused["n"] else "–"
        cells = [_title(fused), *(_share(by_view[view]) for view in _VIEWS), mrr, p_value, _errors(fused)]
        lines.append(f"| {' | '.join(cells)} |")
    return lines


def as_markdown(evaluation: pd.DataFrame, confusion: pd.DataFrame) -> str:
    """Give the tables "evaluation" and "confusion" as a page in Markdown."""
    lines = [
        "Nearest-neighbour accuracy with 95 % Wilson intervals, the glitch being the unit; all views of the",
        "glitch that asks are left out. `any`: each view asks the views of all lengths.",
    ]
    for name, own in evaluation.groupby("pictures", sort=False):
        for types, part in own.groupby("types", sort=False):
            fused = part[part["view"] == "fused"].iloc[0]
            if not fused["n"]:
                continue
            kind = "the catalogue's types" if types == "catalogue" else "other types and rests, among all"
            lines += [
                "",
                f"## {name}: {kind}",
                "",
                f"{fused['n']} glitches of {fused['n_classes']} types ask; chance {fused['chance']:.2f}.",
                "",
                *_score_lines(part),
            ]
        lines += ["", f"### {name}: commonest confusions, views fused", ""]
        lines += _confusion_lines(confusion[confusion["pictures"] == name])
    return "\n".join(lines) + "\n"


def _confusion_lines(confusion: pd.DataFrame) -> list[str]:
    """List each encoder's commonest errors."""
    lines = []
    for _, rows in confusion.groupby(["encoder", "draw"], sort=False):
        wrong = rows[rows["label"] != rows["nearest"]]
        wrong = wrong.sort_values(["n", "label", "nearest"], ascending=[False, True, True]).head(_LISTED)
        told = [
            f"{row['label']} → {row['nearest']} {row['n']}{' (confusable)' if row['confusable_pair'] else ''}"
            for _, row in wrong.iterrows()
        ]
        lines.append(f"- {_title(rows.iloc[0])}: {', '.join(told) or 'none'}")
    return lines


def draw(evaluation: pd.DataFrame, path: str | Path) -> None:
    """Draw the accuracy of any view and of the fused ones with intervals, a panel a set."""
    inside = evaluation[(evaluation["types"] == "catalogue") & (evaluation["n"] > 0)]
    sets = list(dict.fromkeys(inside["pictures"]))
    count = len(inside[["encoder", "draw"]].drop_duplicates())
    made = figure(2 + 4.2 * max(len(sets), 1), 1.6 + 0.34 * count)
    panels = made.subplots(1, max(len(sets), 1), sharey=True, squeeze=False)[0]
    for axes, name in zip(panels, sets, strict=False):
        own = inside[inside["pictures"] == name]
        for number, (view, shift) in enumerate((("any", -0.13), ("fused", 0.13))):
            part = own[own["view"] == view].reset_index(drop=True)
            colour, shape = look(number)[0], "oD"[number]
            away = np.abs(part[["accuracy_low", "accuracy_high"]].to_numpy().T - part["accuracy"].to_numpy())
            at = np.arange(len(part)) + shift
            label = "one view" if view == "any" else "four views fused"
            axes.errorbar(part["accuracy"], at, xerr=away, fmt=shape, color=colour, capsize=2, label=label)
        fused = own[own["view"] == "fused"]
        axes.axvline(float(fused["chance"].iloc[0]), color="#666666", linestyle=":", label="chance")
        axes.set(
            title=f"{plain(name)}: {fused['n'].iloc[0]} glitches, {fused['n_classes'].iloc[0]} types",
            xlabel="nearest other glitch of the same type",
            xlim=(0, 1.02),
            yticks=np.arange(len(fused)),
            yticklabels=[plain(_title(row)) for _, row in fused.iterrows()],
        )
        axes.title.set_fontsize(10)
        bare(axes)
    panels[0].invert_yaxis()
    made.legend(*panels[0].get_legend_handles_labels(), fontsize=8, loc="outside lower center", ncols=3)
    save(made, Path(path), 130)


def write(evaluation: pd.DataFrame, confusion: pd.DataFrame, folder: Path) -> None:
    """Write evaluation.md and evaluation.png into `folder`."""
    files.write_text(folder / "evaluation.md", as_markdown(evaluation, confusion))
    draw(evaluation, folder / "evaluation.png")
