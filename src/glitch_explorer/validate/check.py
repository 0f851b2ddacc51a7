"""One comparison with the planted truth, and a table of many."""

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd
from scipy.stats import binom

from glitch_explorer.coupling.schemas import ALPHA
from glitch_explorer.coupling.witnesses.nulls import FAIL_BELOW


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
    name: str, values: pd.Series, bound: float | None = None, *, empty: float = 0.0, at_most: bool = False
) -> Check:
    """Check the mean of `values` (n,), `empty` where there are none."""
    value = float(values.mean()) if len(values) else empty
    return Check(name, value, len(values), bound, at_most)


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
    return Check(name, float(binom.sf(k - 1, n, ALPHA)), n, FAIL_BELOW, rejected=k)


def as_markdown(checks: Sequence[Check]) -> str:
    """Return a table of the checks in Markdown."""
    lines = ["| check | value | bound | passed | n |", "|---|---|---|---|---|"]
    for check in checks:
        passed = "" if check.bound is None else ("yes" if check.passed else "**no**")
        lines.append(f"| {check.name} | {check.value:.3f} | {check.limit} | {passed} | {check.n} |")
    return "\n".join(lines) + "\n"
