"""Page and figure of the evaluation of encoders."""

from importlib.resources import files as package_files
from pathlib import Path
from typing import Any

import jinja2
import numpy as np
import pandas as pd

from glitch_explorer.core import files
from glitch_explorer.core.views import VIEW_NAMES
from glitch_explorer.embed import UNTRAINED
from glitch_explorer.site.pages import records
from glitch_explorer.site.palette import look
from glitch_explorer.site.plots import bare, default_style, figure, plain, save

#: Largest number of confusions listed for each encoder.
_LISTED = 8

_ENCODER = ["encoder", "draw"]


def _title(row: pd.Series) -> str:
    """Return the name of an encoder, with the seed of its weights if it is untrained."""
    untrained = str(row["encoder"]).endswith(UNTRAINED)
    return f"{row['encoder']} {row['draw']}" if untrained else str(row["encoder"])


def as_markdown(evaluation: pd.DataFrame, confusion: pd.DataFrame) -> str:
    """Return the tables "evaluation" and "confusion" as a page in Markdown."""
    sets = [
        {
            "name": name,
            "groups": [_by_encoder(group) for _, group in rows.groupby("types", sort=False)],
            "confusions": [
                (pairs.iloc[0], _commonest(pairs))
                for _, pairs in confusion[confusion["pictures"] == name].groupby(_ENCODER, sort=False)
            ],
        }
        for name, rows in evaluation.groupby("pictures", sort=False)
    ]
    environment = jinja2.Environment(  # noqa: S701 - Markdown, not HTML
        trim_blocks=True, lstrip_blocks=True, undefined=jinja2.StrictUndefined
    )
    template = package_files("glitch_explorer.evaluate").joinpath("report.md").read_text(encoding="utf-8")
    return environment.from_string(template).render(sets=sets, lengths=VIEW_NAMES)


def _by_encoder(rows: pd.DataFrame) -> list[dict[str, pd.Series]]:
    """Return for each encoder its rows by view."""
    return [
        {row["view"]: row for _, row in encoder.iterrows()}
        for _, encoder in rows.groupby(_ENCODER, sort=False)
    ]


def _commonest(pairs: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the commonest errors of an encoder."""
    wrong = pairs[pairs["label"] != pairs["nearest"]]
    wrong = wrong.sort_values(["n", "label", "nearest"], ascending=[False, True, True])
    return records(wrong.head(_LISTED))


@default_style()
def draw(evaluation: pd.DataFrame, path: str | Path) -> None:
    """Draw the accuracy of single and of fused views with intervals, one panel for each set."""
    inside = evaluation[(evaluation["types"] == "catalogue") & (evaluation["n"] > 0)]
    sets = list(dict.fromkeys(inside["pictures"]))
    count = len(inside[["encoder", "draw"]].drop_duplicates())
    chart = figure(2 + 4.2 * max(len(sets), 1), 1.6 + 0.34 * count)
    panels = chart.subplots(1, max(len(sets), 1), sharey=True, squeeze=False)[0]
    for axes, name in zip(panels, sets, strict=False):
        rows = inside[inside["pictures"] == name]
        for number, (view, shift) in enumerate((("any", -0.13), ("fused", 0.13))):
            part = rows[rows["view"] == view].reset_index(drop=True)
            colour, shape = look(number)[0], "oD"[number]
            error = np.abs(part[["accuracy_low", "accuracy_high"]].to_numpy().T - part["accuracy"].to_numpy())
            y = np.arange(len(part)) + shift
            label = "single views" if view == "any" else "four views fused"
            axes.errorbar(part["accuracy"], y, xerr=error, fmt=shape, color=colour, capsize=2, label=label)
        fused = rows[rows["view"] == "fused"]
        axes.axvline(float(fused["chance"].iloc[0]), color="#666666", linestyle=":", label="chance")
        axes.set(
            title=f"{plain(name)}: {fused['n'].iloc[0]} glitches, {fused['n_classes'].iloc[0]} classes",
            xlabel="share whose nearest other glitch has the same class",
            xlim=(0, 1.02),
            yticks=np.arange(len(fused)),
            yticklabels=[plain(_title(row)) for _, row in fused.iterrows()],
        )
        axes.title.set_fontsize(10)
        bare(axes)
    panels[0].invert_yaxis()
    chart.legend(*panels[0].get_legend_handles_labels(), fontsize=8, loc="outside lower center", ncols=3)
    save(chart, Path(path), 130)


def write(evaluation: pd.DataFrame, confusion: pd.DataFrame, folder: Path) -> None:
    """Write evaluation.md and evaluation.png into `folder`."""
    files.write_text(folder / "evaluation.md", as_markdown(evaluation, confusion))
    draw(evaluation, folder / "evaluation.png")
