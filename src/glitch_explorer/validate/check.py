"""One comparison with the planted truth, and a table of many."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Check:
    """One comparison: `bound` is the least value that passes, None where it only informs."""

    name: str
    value: float
    bound: float | None
    meaning: str
    n: int
    #: The bound is the largest value that passes instead.
    at_most: bool = False

    @property
    def passed(self) -> bool:
        """Tell whether the value reaches its bound."""
        if self.bound is None:
            return True
        return self.value <= self.bound if self.at_most else self.value >= self.bound

    @property
    def bound_in_words(self) -> str:
        """Give the bound with its sign; empty where there is none."""
        return "" if self.bound is None else f"{'≤' if self.at_most else '≥'} {self.bound:.3g}"


def as_markdown(checks: Sequence[Check]) -> str:
    """Make a table of the checks in Markdown."""
    lines = ["| check | value | bound | passed | n | meaning |", "|---|---|---|---|---|---|"]
    for check in checks:
        passed = "" if check.bound is None else ("yes" if check.passed else "**no**")
        lines.append(
            f"| {check.name} | {check.value:.3f} | {check.bound_in_words} | {passed} | {check.n} "
            f"| {check.meaning} |"
        )
    return "\n".join(lines) + "\n"
