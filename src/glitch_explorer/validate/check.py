"""One comparison with the planted truth, and a table of many."""

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from glitch_explorer.core.statistics import binomial_tail
from glitch_explorer.coupling.schemas import ALPHA
from glitch_explorer.coupling.witnesses.nulls import FAIL_BELOW

#: Why a check has no bound, by its code.
NO_BOUND = {
    "part": "a part of a check that has one",
    "one_first": "a family with several planted witnesses has only one first group",
    "setting": "no value is right: it follows from the settings of the map",
    "power": "it grows with the amount of data; in so short a run not every planted effect can stand out",
    "dependent": "the pseudo-families share their data, so chance does not give one",
}


@dataclass(frozen=True)
class Check:
    """One comparison, of `n` rows, by a name that `site/validation/validation.html` explains."""

    name: str
    value: float
    n: int
    #: Least value that passes; the largest one where `at_most` is set; None where the value is only reported.
    bound: float | None = None
    at_most: bool = False
    #: p-values up to 0.05 among the n, where the value is the probability of at least as many.
    rejected: int | None = None
    #: Why there is no bound, a code of `NO_BOUND`; empty where there is one.
    no_bound: str = ""

    def __post_init__(self) -> None:
        """Refuse a check with neither or both of a bound and a reason for none."""
        if (self.bound is None) != (self.no_bound in NO_BOUND):
            message = f"check {self.name}: give a bound, or the code of a reason why there is none"
            raise ValueError(message)

    @property
    def passed(self) -> bool:
        """Whether the value reaches its bound."""
        if self.bound is None:
            return True
        return self.value <= self.bound if self.at_most else self.value >= self.bound

    @property
    def limit(self) -> str:
        """The bound with its sign; empty where there is none."""
        return "" if self.bound is None else f"{'≤' if self.at_most else '≥'} {self.bound:.3g}"


def mean_check(
    name: str,
    values: pd.Series,
    bound: float | None = None,
    *,
    empty: float = 0.0,
    at_most: bool = False,
    no_bound: str = "",
) -> Check:
    """Check the mean of `values` (n,), `empty` where there are none."""
    value = float(values.mean()) if len(values) else empty
    return Check(name, value, len(values), bound, at_most, no_bound=no_bound)


def counts(checks: Sequence[Check]) -> dict[str, int]:
    """Count the checks with a bound (`bounded`) and without (`unbounded`).

    Of those with a bound, some fail (`failed`), and some pass with nothing to compare (`empty`).
    """
    bounded = [check for check in checks if check.bound is not None]
    failed = sum(not check.passed for check in bounded)
    empty = sum(check.passed and check.n == 0 for check in bounded)
    return {
        "bounded": len(bounded),
        "failed": failed,
        "empty": empty,
        "unbounded": len(checks) - len(bounded),
    }


def chance_check(name: str, rejected: pd.Series) -> Check:
    """Check the exact binomial probability of at least as many p-values up to 0.05 as observed.

    Parameters
    ----------
    name
        Of the check.
    rejected
        Whether each p-value is at most 0.05, (n,).
    """
    k, n = int(rejected.sum()), len(rejected)
    return Check(name, binomial_tail(k, n, ALPHA), n, FAIL_BELOW, rejected=k)


def as_markdown(checks: Sequence[Check]) -> str:
    """Return a table of the checks in Markdown, below their counts."""
    n = counts(checks)
    passed = n["bounded"] - n["failed"]
    lines = [
        f"{passed} of {n['bounded']} checks with a bound pass; without a bound: {n['unbounded']}.",
        "",
        "| check | value | bound | passed | n |",
        "|---|---|---|---|---|",
    ]
    for check in checks:
        outcome = NO_BOUND.get(check.no_bound) or ("yes" if check.passed else "**no**")
        limit = check.limit or "none"
        lines.append(f"| {check.name} | {check.value:.3f} | {limit} | {outcome} | {check.n} |")
    return "\n".join(lines) + "\n"
