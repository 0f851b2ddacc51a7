"""What a number of the coupling means, as a phrase or a sentence; plain text, escaped where it is shown.

Nothing is claimed beyond an order in time and a share of glitches.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

#: Smaller p- and q-values continue the tail of a few hundred slides too far to be written out.
LEAST_SHOWN = 1e-6
#: Kinds of null families, in words.
KINDS = {
    "shifted": "the real train at an offset",
    "quiet": "quiet times",
}
_SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
_FEATURES = {"mean": "mean value", "slope": "slope of the mean", "distance": "distance of the frequency"}


def band_text(band: str) -> str:
    """Write a band: `0.3-1` as `0.3–1 Hz`, and the features besides the bands in words."""
    low, dash, high = band.partition("-")
    return f"{low}–{high} Hz" if dash else _FEATURES.get(band, band)


def lag_text(lag: float) -> str:
    """Write when a channel lights up: `2 s before the glitch`, `with the glitch`, `3 s after it`."""
    if lag == 0:
        return "with the glitch"
    return f"{abs(lag):g} s {'before' if lag < 0 else 'after'} the glitch"


def chance_text(p: float | None) -> str:
    """Write a p- or q-value: two digits, powers of ten below 0.001, and no smaller than `LEAST_SHOWN`."""
    if p is None or pd.isna(p):
        return "–"
    if p >= 0.001:
        return f"{p:.2g}"
    digits, power = f"{max(p, LEAST_SHOWN):.0e}".split("e")
    shown = f"10{str(int(power)).translate(_SUPERSCRIPTS)}"
    return f"<\u00a0{shown}" if p < LEAST_SHOWN else f"{digits}\u00a0×\u00a0{shown}"


def equals_text(name: str, p: float | None) -> str:
    """Write `q = 0.02`, or `q < 10⁻⁶`."""
    shown = chance_text(p)
    return f"{name}\u00a0{shown}" if shown.startswith("<") else f"{name}\u00a0=\u00a0{shown}"


def signed_text(value: float, digits: int = 0) -> str:
    """Write a number with its sign, 0 without."""
    return f"{value:+.{digits}f}".replace("-", "−") if value else "0"


def share_text(share: float) -> str:
    """Write a share as a percentage, `below 1 %` where it would read 0."""
    return "below 1\u00a0%" if 0 < share < 0.005 else f"{100 * share:.0f}\u00a0%"


def count_text(n: int, one: str, many: str | None = None) -> str:
    """Write `1 channel`, `2 channels`."""
    return f"{n} {one if n == 1 else many or one + 's'}"


def interval_text(row: Mapping[str, Any]) -> str:
    """Write the interval of the excess efficiency, or why there is none."""
    low, high = row["excess_low"], row["excess_high"]
    if pd.isna(low) or pd.isna(high):
        return "no interval: under ten blocks of time"
    held = ", which holds 0" if low <= 0 <= high else ""
    return f"95\u00a0% interval {low:.2f} to {high:.2f}{held}".replace("-", "−")


def relation_text(row: Mapping[str, Any]) -> str:
    """Say what is known of the order in time; empty where the lag says it all."""
    if row["relation"] == "leads":
        return (
            "A precursor candidate: it is there before the glitch begins, judged from the "
            f"{row['n_leading']} glitches that have data then and no other of the family in the minute "
            "before."
        )
    if row["relation"] == "follows":
        return "It follows: only lags after the glitch survive correction."
    if row["lag"] < 0:
        return "It is not shown to be there before the glitch begins."
    return ""


def verb_text(row: Mapping[str, Any]) -> str:
    """Say whether it is high or low at the glitches."""
    return "lights up" if row["t_peak"] > 0 else "drops"


def witness_text(row: Mapping[str, Any]) -> str:
    """Say in a sentence or two what a witness does.

    Parameters
    ----------
    row
        Row of table "witnesses", and `members`, the channels of its group.
    """
    random = row["efficiency"] - row["excess_efficiency"]
    group = f", one of a group of {len(row['members'])}" if len(row["members"]) > 1 else ""
    told = (
        f"({band_text(row['band'])}{group}) {verb_text(row)} {lag_text(row['lag'])} in "
        f"{share_text(row['efficiency'])} of the family's glitches, against {share_text(max(random, 0.0))} "
        f"at random times (excess {row['excess_efficiency']:.2f}, {interval_text(row)}); "
        f"{equals_text('family-wise p', row['p_fwer'])}, {equals_text('q', row['q_value'])}; "
        f"{safety_text(row['safety'])}."
    )
    return f"{told} {relation_text(row)}".rstrip()


def safety_text(safety: str) -> str:
    """Write the safety of a channel."""
    return {"safe": "safe", "unsafe": "unsafe"}.get(safety, "safety unknown")


def ground_text(rows: pd.DataFrame, *, alpha: float) -> tuple[str, str]:
    """Answer for one band of ground motion whether a family's rate follows it.

    Parameters
    ----------
    rows
        Rows of table "slow_drivers" of one family, detector and band.
    alpha
        Level at which a channel counts.

    Returns
    -------
    answer, text
        `rises`, `falls`, `both`, `nothing found`, `too short` or `no channel`, and the words for it.
    """
    if rows.empty:
        return "no channel", "No channel of ground motion covers this band."
    told = rows[rows["p_fwer"].notna()]
    if told.empty:
        blocks = count_text(int(rows["blocks"].max()), "independent stretch", "independent stretches")
        return "too short", f"Too short: {blocks} of time cannot answer it."
    found = told[told["p_fwer"] <= alpha].sort_values("p_fwer", kind="stable")
    if found.empty:
        least = equals_text("p", told["p_fwer"].min())
        return "nothing found", f"Nothing found in {count_text(len(told), 'channel')}; smallest {least}."
    answers = set(found["answer"])
    best = found.iloc[0]
    rest = f", and {count_text(len(found) - 1, 'more channel')}" if len(found) > 1 else ""
    verb = "more" if best["rho"] > 0 else "fewer"
    return answers.pop() if len(answers) == 1 else "both", (
        f"There are {verb} glitches when {best['channel']} is high (rank correlation {best['rho']:.2f}, "
        f"{equals_text('p', best['p_fwer'])}, {best['blocks']} independent stretches{rest})."
    )


def fringe_text(rows: pd.DataFrame, frequency_hz: float, *, alpha: float) -> tuple[str, str]:
    """Answer for one family and detector whether the frequencies are those of scattered light.

    Parameters
    ----------
    rows
        Rows of table "scattering" of one family and detector.
    frequency_hz
        The family's median peak frequency.
    alpha
        Level at which a channel counts.

    Returns
    -------
    answer, text
        `yes`, `no`, `too few` or `not asked`, and the words for it.
    """
    if rows.empty:
        if np.isnan(frequency_hz):
            return (
                "not asked",
                "Not asked: the catalogue does not say at which frequencies these glitches peak.",
            )
        return "not asked", (
            "Not asked: fringes are predicted from displacement channels, for families of low frequency. "
            f"This one's median peak frequency is {frequency_hz:.0f} Hz."
        )
    told = rows[rows["p_fwer"].notna()]
    if told.empty:
        return "too few", "Not answered: too few glitches have displacement data."
    best = told.sort_values(["p_fwer", "p_value"], kind="stable").iloc[0]
    numbers = (
        f"{share_text(best['matched'])} of {best['n_glitches']} glitches, against "
        f"{share_text(best['matched_slides'])} in slid trains, {equals_text('p', best['p_fwer'])}"
    )
    if best["p_fwer"] > alpha:
        return "no", (
            f"No: of {count_text(len(told), 'displacement channel')} none predicts the frequencies better "
            f"than chance allows; the nearest is {best['channel']} ({numbers})."
        )
    more = int((told["p_fwer"] <= alpha).sum()) - 1
    rest = f" {count_text(more, 'more channel')} also." if more else ""
    return "yes", f"Yes: fringes of {best['channel']} meet the frequency of {numbers}.{rest}"
