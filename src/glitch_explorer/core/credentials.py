"""Credentials kept out of logs, messages and results."""

import io
import re

#: Replacement of a credential.
HIDDEN = "[hidden]"
#: Credentials before an address's host, in its query, in a header, and as a token by itself.
_PATTERNS = (
    re.compile(r"(?<=://)[^/\s@'\"]+(?=@)"),
    re.compile(
        r"(?i)(?<=[?&])((?:[\w-]*token|[\w-]*signature|[\w-]*credential|sig|[\w-]*key|password|secret)=)[^&\s'\"#]+"
    ),
    re.compile(r"(?i)\b((?:bearer|basic)\s+)[\w.~+/=-]{8,}"),
    # JSON web tokens, such as SciTokens
    re.compile(r"\beyJ[\w-]{5,}\.[\w-]+\.[\w-]*"),
)


def without_credentials(text: str) -> str:
    """Return `text` with its passwords and tokens hidden."""
    for pattern in _PATTERNS:
        text = pattern.sub(lambda match: (match[1] if match.re.groups else "") + HIDDEN, text)
    return text


class DiscreetStream(io.TextIOWrapper):
    """A text stream that hides credentials."""

    def write(self, text: str) -> int:
        """Write `text` with its credentials hidden."""
        return super().write(without_credentials(text))
