"""What was looked at, what was not and why, in plain words for the page."""

import pandas as pd

from glitch_explorer.coupling.witnesses.background import LAGS_S, Background
from glitch_explorer.coupling.witnesses.nulls import calibration_table
from glitch_explorer.coupling.witnesses.slides import LEAST_GLITCHES

#: None of the features could be used.
NO_DATA = (
    f"No channel has data over a fifth of the live time and at {LEAST_GLITCHES} or more of the glitches: "
    "nothing was looked at."
)
#: The family leaves no background.
TOO_DENSE = (
    "Glitches are so frequent here that under 10 % of the live time is background, even for the "
    "shortest lag range: no answer."
)


def _channels(n: int) -> str:
    return f"{n} channel" if n == 1 else f"{n} channels"


def too_few(usable: int, given: int | None = None) -> str:
    """Say that a family is too small."""
    rest = (
        ""
        if given is None
        else f" of {given}; the others lie outside the data or in stretches too short to slide in"
    )
    return f"Too few glitches: {usable} can be used{rest}; at least {LEAST_GLITCHES} are needed."


def _found(table: pd.DataFrame, alpha: float) -> str:
    """Say what was found, or that nothing was."""
    ranked = table[table["p_fwer"].notna()]
    looked = f"{ranked['channel'].nunique()} channels in {len(ranked)} bands"
    hits = ranked[ranked["p_fwer"] <= alpha]
    if len(hits):
        return (
            f"{looked} were looked at; {hits['channel'].nunique()} of them light up with this family more "
            f"than chance allows (family-wise p at most {alpha:g})."
        )
    least = f": the smallest family-wise p is {ranked['p_fwer'].min():.2g}" if len(ranked) else ""
    return (
        f"No witness found: {looked} were looked at and none lights up with this family more than "
        f"chance allows{least}."
    )


def notes(
    table: pd.DataFrame,
    *,
    given: int,
    used: int,
    background: Background,
    coverage: pd.DataFrame,
    dropped: int,
    pseudo: pd.DataFrame,
    alpha: float,
) -> list[str]:
    """Write the notes of one family in one detector.

    Parameters
    ----------
    table
        Table "family_witnesses", with the group of each channel.
    given, used
        Glitches of the family, and those that could be used.
    background
        Its background.
    coverage
        Channels and the reasons why they have no data.
    dropped
        Channels with too little data, or a constant.
    pseudo
        p-values of the null families.
    alpha
        Level at which a channel counts.
    """
    said = [_found(table, alpha)]
    if used < given:
        said.append(
            f"{given - used} of {given} glitches are left out: outside the data, or in stretches of "
            "live time too short to slide in."
        )
    if background.lags_s != LAGS_S:
        said.append(
            f"Lags are looked at from -{background.lags_s[0]:g} to +{background.lags_s[1]:g} s only: "
            "the full range would have left under 10 % of the live time as background."
        )
    if dropped:
        said.append(
            f"Not looked at: {_channels(dropped)} with too little data, or a value that never changes."
        )
    missing = coverage[coverage["reason"] != ""]
    for reason, rows in missing.groupby("reason", sort=True):
        said.append(f"{reason}: {_channels(rows['channel'].nunique())}.")
    said += _remarks(table, alpha)
    failed = calibration_table(pseudo)
    failed = failed[~failed["passed"]]
    said += [
        f"The null is not calibrated here ({row.kind} pseudo-families): {row.n_below} of {row.n} have "
        f"p at most {row.alpha:g}. Take small p-values of this family with care."
        for row in failed.itertuples()
    ]
    return said


def _remarks(table: pd.DataFrame, alpha: float) -> list[str]:
    """Remark on safety, on what leads and on what could not be told."""
    said = []
    unsafe = table[table["safety"] == "unsafe"]
    if len(unsafe):
        said.append(
            f"Unsafe, shown apart and not ranked, as they may hear the strain itself: "
            f"{_channels(unsafe['channel'].nunique())}."
        )
    hits = table[table["p_fwer"] <= alpha]
    unknown = hits.loc[hits["safety"] == "unknown", "channel"].nunique()
    if unknown:
        said.append(f"Of the channels found, the safety of {unknown} is unknown.")
    early = hits[(hits["lag"] < 0) & (hits["relation"] == "co-moves") & (hits["n_leading"] < LEAST_GLITCHES)]
    if len(early):
        alone = int(early["n_alone"].iloc[0])
        said.append(
            f"Only {alone} glitches have no other of the family in the minute before: too few to say "
            f"whether {early['channel'].nunique()} channels lead."
        )
    leads = hits[hits["relation"] == "leads"]
    if len(leads):
        said.append(
            f"Precursor candidates, which light up before the glitch begins: "
            f"{_channels(leads['channel'].nunique())}. That is an order in time, not its reason."
        )
    return said
