"""LIGO_LW XML files from elsewhere: what other readers must not be given."""

import gzip
import zlib
from pathlib import Path
from xml.parsers import expat

from glitch_explorer.core.errors import UserError

#: A prolog is an XML declaration and a document type: far shorter than this.
_PROLOG_BYTES = 1 << 16


class _Begun(Exception):  # noqa: N818 - the good end of looking
    """The first element has begun."""


def refuse_entities(path: str | Path) -> None:
    """Refuse a file that declares entities, with which a few lines grow without end (Klein 2002).

    LIGO_LW has no use for them, and its reader takes minutes for the first megabytes.

    Raises
    ------
    UserError
        When it declares one, cannot be opened, or is no XML.
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
