"""Credentials kept out of logs, messages and results."""

import io
import re

#: What stands in place of a credential.
HIDDEN = "[hidden]"
#: Where credentials stand: before an address's host, in its query, in a header, as a token by itself.
_PLACES = (
    re.compile(r"(?<=://)[^/\s@'\"]+(?=@)"),
    re.compile(
        r"(?i)(?<=[?&])((?:[\w-]*token|[\w-]*signature|[\w-]*credential|sig|[\w-]*key|password|secret)=)[^&\s'\"#]+"
    ),
    re.compile(r"(?i)\b((?:bearer|basic)\s+)[\w.~+/=-]{8,}"),
    # JSON web tokens, SciTokens among them
    re.compile(r"\beyJ[\w-]{5,}\.[\w-]+\.[\w-]*"),
)


def without_credentials(text: str) -> str:
    """Give `text` with passwords and tokens in it hidden."""
    for place in _PLACES:
        text = place.sub(lambda found: (found[1] if found.re.groups else "") + HIDDEN, text)
    return text


class DiscreetStream(io.TextIOWrapper):
    """A text stream that hides credentials in what is written to it."""

    def write(self, text: str) -> int:
        """Write `text` without the credentials in it."""
        return super().write(without_credentials(text))
