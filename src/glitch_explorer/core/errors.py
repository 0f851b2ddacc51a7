"""The exception for what a user can correct, and the one for a row of data that cannot be used."""

from enum import StrEnum


class UserError(Exception):
    """A mistake or a fault outside the program, in words that a user can act on.

    The message says what is wrong, where (glitch, channel, GPS time, file) and
    what to do. Scripts print it without a traceback.
    """


class Quarantined(Exception):  # noqa: N818 - about a row of data, no error of the program
    """One row of the data cannot be used; it becomes a row of a table, with a reason code.

    Parameters
    ----------
    reason
        Member of a stage's enumeration `Reason`.
    **facts
        What else the table says of this row, by name: values, not sentences. `None` is left out.

    Attributes
    ----------
    reason
        The code.
    detail
        The facts as text: `name=value, name=value`.
    """

    def __init__(self, reason: StrEnum, **facts: object) -> None:
        self.reason, self.detail = reason, fact_text(**facts)
        super().__init__(reason_text(reason, self.detail))


def reason_text(reason: str, detail: str) -> str:
    """Return a reason code with its facts, for a message."""
    return f"{reason} ({detail})" if detail else str(reason)


def fact_text(**facts: object) -> str:
    """Return facts as the text `name=value, name=value`, without those that are None."""
    return ", ".join(f"{name}={value}" for name, value in facts.items() if value is not None)
