"""The record of how a map's vectors were made. Vectors compared with them must be made in the same way."""

import json
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from glitch_explorer.core import files
from glitch_explorer.core.errors import UserError
from glitch_explorer.embed import UNTRAINED


@dataclass(frozen=True)
class Encoder:
    """How views become a map's vectors: config keys, and a hash of the weights file.

    Attributes
    ----------
    unit
        ``"glitch"`` or ``"view"``.
    backbone
        Name of the backbone.
    weights
        ``"untrained"``, or the name of the weights file, without its folder.
    weights_sha256
        Hash of the weights file, empty for untrained weights.
    height, width, crop
        Size of a view in pixels, and whether pictures are cropped to the area inside their axes.
    """

    unit: str
    backbone: str
    weights: str
    weights_sha256: str
    height: int
    width: int
    crop: bool


def describe_encoder(
    *, unit: str, backbone: str, weights: str | Path, height: int, width: int, crop: bool
) -> Encoder:
    """Return the record of an encoder; of a weights file, its name and its hash are recorded.

    Raises
    ------
    UserError
        When the weights file does not exist.
    """
    digest = ""
    if weights != UNTRAINED:
        path = Path(weights)
        if not path.is_file():
            raise UserError(f"weights file {path} does not exist: correct embedding.weights")
        digest = files.sha256(path)
    name = Path(weights).name
    return Encoder(unit, backbone, name, digest, height, width, crop)


def write_encoder(path: str | Path, encoder: Encoder) -> None:
    """Write the record beside a map's arrays."""
    files.write_json(path, asdict(encoder))


def read_encoder(path: str | Path) -> Encoder:
    """Read the record of a map.

    Raises
    ------
    UserError
        When the file is missing or is not a record of an encoder.
    """
    try:
        return Encoder(**json.loads(Path(path).read_text(encoding="utf-8")))
    except FileNotFoundError:
        raise UserError(f"{path} does not exist; `snakemake map` writes it") from None
    except (TypeError, ValueError) as problem:
        raise UserError(
            f"{path} is not the record of an encoder ({problem}): run `snakemake map` again"
        ) from problem


def require_same(map_encoder: Encoder, encoder: Encoder, *, where: str | Path) -> None:
    """Refuse an encoder that differs from that of the map at `where`.

    Raises
    ------
    UserError
        When they differ; the message lists all differences.
    """
    names = [field.name for field in fields(Encoder)]
    pairs = [(name, getattr(map_encoder, name), getattr(encoder, name)) for name in names]
    # The content of the file decides, not its name.
    differences = [
        f"{name} is {old!r} in the map, {new!r} in this config"
        for name, old, new in pairs
        if old != new and name != "weights"
    ]
    if differences:
        raise UserError(
            f"{where} was made with another encoder, so distances between its vectors and these mean "
            f"nothing: {'; '.join(differences)}. Set unit, views and embedding as in the map's config"
        )
