"""A check of LIGO_LW XML files before they are read."""

import gzip
import zlib
from pathlib import Path
from xml.parsers import expat

from glitch_explorer.core.errors import UserError

#: The XML declaration and the document type are far shorter than this.
_PROLOG_BYTES = 1 << 16


class _Begun(Exception):  # noqa: N818 - the file is accepted
    """The first element has begun."""


def refuse_entities(path: str | Path) -> None:
    """Refuse a file that declares entities, by which a few lines expand to gigabytes (Klein 2002).

    LIGO_LW does not need them, and its reader takes minutes for the first megabytes.

    Raises
    ------
    UserError
        When it declares one, cannot be opened, or is not XML.
    """
    path = Path(path)
    try:
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as stream:
            prolog = stream.read(_PROLOG_BYTES)
    except (OSError, EOFError, zlib.error) as problem:
        raise UserError(f"{path} cannot be read: {problem}") from problem

    def declared(name: str, *_: object) -> None:
        raise UserError(f"{path} cannot be read: it declares the XML entity {name!r}, as harmful files do")

    def begun(*_: object) -> None:
        raise _Begun

    parser = expat.ParserCreate()
    parser.EntityDeclHandler = declared
    parser.StartElementHandler = begun
    try:
        parser.Parse(prolog, len(prolog) < _PROLOG_BYTES)
    except _Begun:
        return
    except expat.ExpatError as problem:
        raise UserError(f"{path} cannot be read as XML: {problem}") from problem
    raise UserError(f"{path} cannot be read as XML: it has no element in its first {_PROLOG_BYTES} bytes")
