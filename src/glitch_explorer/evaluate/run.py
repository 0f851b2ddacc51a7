"""The evaluation's job: folders of pictures in, tables and pages out."""

import logging
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from torch.nn import functional

from glitch_explorer.catalog.classes import confusable_pairs
from glitch_explorer.core import tables
from glitch_explorer.core.arrays import Float32, Int64, Object
from glitch_explorer.core.views import VIEW_NAMES
from glitch_explorer.embed.backbone import GRADIENTS, UNTRAINED, load_backbone
from glitch_explorer.embed.shard import embed_pictures
from glitch_explorer.evaluate import neighbours, report
from glitch_explorer.evaluate.pictures import Pictures, read_all
from glitch_explorer.evaluate.schemas import CONFUSION, EVALUATION
from glitch_explorer.map.vectors import fuse

_LOG = logging.getLogger(__name__)

#: The encoder that is none: the picture itself, averaged to this many pixels a side.
PIXELS, SIDE = "pixels", 32
#: What the four views make together, and what each asking all views is called.
FUSED, ANY = "fused", "any"
#: Groups of types.
CATALOGUE, OUTSIDE = "catalogue", "outside"

Pairs = set[frozenset[str]]


@dataclass(frozen=True)
class Encoder:
    """A backbone with its weights; `draw` is the seed of untrained ones."""

    backbone: str
    weights: str
    draw: int = 0

    @property
    def name(self) -> str:
        """Backbone and weights, without folders."""
        if self.backbone in (PIXELS, GRADIENTS):
            return self.backbone
        return f"{self.backbone} {Path(self.weights).stem}"


def encoders(wanted: Sequence[tuple[str, str]], *, draws: int) -> list[Encoder]:
    """Give pixels, then each wanted (backbone, weights) once; an untrained network `draws` times."""
    found = [Encoder(PIXELS, UNTRAINED)]
    for backbone, weights in wanted:
        random = weights == UNTRAINED and backbone not in (PIXELS, GRADIENTS)
        found += [Encoder(backbone, weights, draw) for draw in range(draws if random else 1)]
    return list(dict.fromkeys(found))


def encode(pictures: Pictures, encoder: Encoder, *, precision: str, device: str, threads: int) -> Float32:
    """Give the vectors of all views, float32 ``(n, 4, d)``, NaN where there is no view."""
    rows = np.flatnonzero(pictures.present.ravel())
    flat = pictures.views.reshape(-1, *pictures.views.shape[2:])
    if encoder.backbone == PIXELS:
        whole = torch.from_numpy(flat[rows]).float()[:, None]
        found: Float32 = functional.adaptive_avg_pool2d(whole, (SIDE, SIDE)).flatten(1).numpy()
    else:
        found, _ = embed_pictures(
            flat,
            rows,
            load=lambda: load_backbone(encoder.backbone, encoder.weights, seed=encoder.draw),
            precision=precision,
            device=device,
            threads=threads,
        )
    vectors = np.full((*pictures.present.shape, found.shape[1]), np.nan, np.float32)
    vectors[pictures.present] = found
    return vectors


def sights(embeddings: Float32) -> Iterator[tuple[str, Float32, Int64]]:
    """Give what can ask: each view length, all of them in one, and the views fused.

    Yields
    ------
    name, embeddings, glitch
        ``(m, v, d)`` of those that have it, and their place ``(m,)`` among the glitches.
    """
    n, n_views, dimension = embeddings.shape
    has = ~np.isnan(embeddings[:, :, 0])
    for slot, name in enumerate(VIEW_NAMES):
        rows = np.flatnonzero(has[:, slot])
        yield name, embeddings[rows, slot : slot + 1], rows
    rows = np.flatnonzero(has.ravel())
    yield ANY, embeddings.reshape(n * n_views, 1, dimension)[rows], rows // n_views
    yield FUSED, embeddings, np.arange(n)


def judge(
    pictures: Pictures, embeddings: Float32, pairs: Pairs, *, draws: int, seed: int
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Judge an encoder's vectors ``(n, 4, d)`` by the pictures' labels.

    The catalogue's types are asked among themselves. Other types and rests ask among all.

    Returns
    -------
    evaluation, confusion
        The tables of these names, without the columns pictures, encoder and draw.
    """
    rows: list[dict[str, object]] = []
    errors = tables.empty(CONFUSION)[["label", "nearest", "n", "confusable_pair"]]
    for types in (CATALOGUE, OUTSIDE):
        for view, vectors, glitch in sights(embeddings):
            kept = pictures.inside[glitch] if types == CATALOGUE else np.ones(len(glitch), bool)
            place = glitch[kept]
            ids, labels = pictures.glitch_ids[place], pictures.labels[place]
            values, mask = fuse(vectors[kept])
            asking = np.ones(len(place), bool) if types == CATALOGUE else ~pictures.inside[place]
            answers = neighbours.ask(values, mask, ids, labels, asking=asking)
            found = neighbours.score(answers, ids, labels, draws=draws, seed=seed)
            wrong = neighbours.confusion(answers, labels, pairs)
            rows.append({"types": types, "view": view, **asdict(found), **asdict(wrong)})
            if view == FUSED:
                counted = _counts(labels[answers.asks], labels[answers.nearest], pairs)
                errors = pd.concat([errors, counted], ignore_index=True)
    return pd.DataFrame(rows), errors


def _named(table: pd.DataFrame, pictures: str, encoder: str, draw: int) -> pd.DataFrame:
    """Say what a table is about."""
    return table.assign(pictures=pictures, encoder=encoder, draw=draw)


def _counts(own: Object, found: Object, pairs: Pairs) -> pd.DataFrame:
    """Count each pair of a class and the class found."""
    frame = pd.DataFrame({"label": own.astype(str), "nearest": found.astype(str)})
    frame = frame.groupby(["label", "nearest"]).size().rename("n").reset_index()
    both = zip(frame["label"], frame["nearest"], strict=True)
    return frame.assign(confusable_pair=[frozenset(pair) in pairs for pair in both])


def evaluate(
    paths: Sequence[str],
    wanted: Sequence[tuple[str, str]],
    *,
    confusable: str | Path,
    out: str | Path,
    height: int,
    width: int,
    precision: str,
    device: str,
    threads: int,
    untrained: int,
    draws: int,
    seed: int,
) -> None:
    """Write evaluation.parquet, confusion.parquet, evaluation.md and evaluation.png into `out`.

    Parameters
    ----------
    paths
        Folders of labelled pictures.
    wanted
        (backbone, weights) of each encoder, weights as for `embed.backbone.load_backbone`.
    confusable
        Pairs of classes that experts call confusable.
    out
        Folder to write into.
    height, width
        Pixels of a view.
    precision, device, threads
        As for `embed.shard.embed_shard`.
    untrained
        Draws of untrained weights.
    draws, seed
        Resamples and random labellings, and their seed.

    Raises
    ------
    UserError
        When there are no pictures, or an encoder cannot be loaded.
    """
    sets = read_all(paths, height=height, width=width)
    pairs = confusable_pairs(confusable)
    judged: list[tuple[pd.DataFrame, pd.DataFrame]] = []
    for pictures in sets:
        for encoder in encoders(wanted, draws=untrained):
            _LOG.info("%s: %s, draw %d", pictures.name, encoder.name, encoder.draw)
            vectors = encode(pictures, encoder, precision=precision, device=device, threads=threads)
            evaluation, confusion = judge(pictures, vectors, pairs, draws=draws, seed=seed)
            of = (pictures.name, encoder.name, encoder.draw)
            judged.append((_named(evaluation, *of), _named(confusion, *of)))
    folder = Path(out)
    evaluation = pd.concat([table for table, _ in judged], ignore_index=True)
    confusion = pd.concat([table for _, table in judged], ignore_index=True)
    tables.write(EVALUATION, evaluation, folder / "evaluation.parquet")
    tables.write(CONFUSION, confusion, folder / "confusion.parquet")
    report.write(evaluation, confusion, folder)
