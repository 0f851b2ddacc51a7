"""The evaluation: from folders of pictures to tables, a page and a figure."""

import logging
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch.nn import functional

from glitch_explorer.catalog.classes import confusable_pairs
from glitch_explorer.core import tables
from glitch_explorer.core.arrays import Float32, Int64, Object
from glitch_explorer.core.views import VIEW_NAMES
from glitch_explorer.embed import GRADIENTS, UNTRAINED
from glitch_explorer.embed.backbone import load_backbone
from glitch_explorer.embed.shard import embed_views
from glitch_explorer.evaluate import neighbours, report
from glitch_explorer.evaluate.pictures import Pictures, read_all
from glitch_explorer.evaluate.schemas import CONFUSION, EVALUATION
from glitch_explorer.map.vectors import fuse

_LOG = logging.getLogger(__name__)

#: The baseline: the pixels of the view itself, averaged to this many on a side.
PIXELS, SIDE = "pixels", 32
#: Values of the column `view` beside a length: the four views together; each view among all views.
FUSED, ANY = "fused", "any"
#: Groups of classes, values of the column `types`.
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


def expand(encoders: Sequence[tuple[str, str]], *, draws: int) -> list[Encoder]:
    """Return the pixels, then each (backbone, weights) once, an untrained network `draws` times."""
    expanded = [Encoder(PIXELS, UNTRAINED)]
    for backbone, weights in encoders:
        random = weights == UNTRAINED and backbone not in (PIXELS, GRADIENTS)
        expanded += [Encoder(backbone, weights, draw) for draw in range(draws if random else 1)]
    return list(dict.fromkeys(expanded))


def encode(pictures: Pictures, encoder: Encoder, *, precision: str, device: str, threads: int) -> Float32:
    """Return the vectors of all views, float32 ``(n, 4, d)``, NaN where a view is missing."""
    rows = np.flatnonzero(pictures.present.ravel())
    flat = pictures.views.reshape(-1, *pictures.views.shape[2:])
    if encoder.backbone == PIXELS:
        views = torch.from_numpy(flat[rows]).float()[:, None]
        embedded: Float32 = functional.adaptive_avg_pool2d(views, (SIDE, SIDE)).flatten(1).numpy()
    else:
        embedded, _ = embed_views(
            flat,
            rows,
            load=lambda: load_backbone(encoder.backbone, encoder.weights, seed=encoder.draw),
            precision=precision,
            device=device,
            threads=threads,
        )
    vectors = np.full((*pictures.present.shape, embedded.shape[1]), np.nan, np.float32)
    vectors[pictures.present] = embedded
    return vectors


def query_sets(embeddings: Float32) -> Iterator[tuple[str, Float32, Int64]]:
    """Yield the sets of vectors to compare: each view length, all views in one, and the views fused.

    Yields
    ------
    name, embeddings, glitch
        Vectors ``(m, v, d)`` and the glitch ``(m,)`` of each.
    """
    n, n_views, dimension = embeddings.shape
    has = ~np.isnan(embeddings[:, :, 0])
    for slot, name in enumerate(VIEW_NAMES):
        rows = np.flatnonzero(has[:, slot])
        yield name, embeddings[rows, slot : slot + 1], rows
    rows = np.flatnonzero(has.ravel())
    yield ANY, embeddings.reshape(n * n_views, 1, dimension)[rows], rows // n_views
    yield FUSED, embeddings, np.arange(n)


def score(
    pictures: Pictures, embeddings: Float32, pairs: Pairs, *, draws: int, seed: int
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Score an encoder's vectors ``(n, 4, d)`` by the pictures' labels.

    Glitches of the catalogue's 22 classes are compared with each other, those of other classes with all.

    Returns
    -------
    evaluation, confusion
        The tables of these names, without the columns pictures, encoder and draw.
    """
    rows: list[dict[str, object]] = []
    errors = tables.empty(CONFUSION)[["label", "nearest", "n", "confusable_pair"]]
    for types in (CATALOGUE, OUTSIDE):
        for view, vectors, glitch in query_sets(embeddings):
            usable = pictures.inside[glitch] if types == CATALOGUE else np.ones(len(glitch), bool)
            glitch = glitch[usable]  # noqa: PLW2901
            ids, labels = pictures.glitch_ids[glitch], pictures.labels[glitch]
            queries = None if types == CATALOGUE else ~pictures.inside[glitch]
            ranks = neighbours.rank_neighbours(*fuse(vectors[usable]), ids, labels, queries=queries)
            scores = neighbours.score(ranks, ids, labels, draws=draws, seed=seed)
            wrong = neighbours.confusion(ranks, labels, pairs)
            rows.append({"types": types, "view": view, **asdict(scores), **asdict(wrong)})
            if view == FUSED:
                counts = _counts(labels[ranks.queries], labels[ranks.nearest], pairs)
                errors = pd.concat([errors, counts], ignore_index=True)
    return pd.DataFrame(rows), errors


def _counts(labels: Object, nearest: Object, pairs: Pairs) -> pd.DataFrame:
    """Count each pair of a class and its neighbour's class."""
    frame = pd.DataFrame({"label": labels.astype(str), "nearest": nearest.astype(str)})
    frame = frame.groupby(["label", "nearest"]).size().rename("n").reset_index()
    both = zip(frame["label"], frame["nearest"], strict=True)
    return frame.assign(confusable_pair=[frozenset(pair) in pairs for pair in both])


def evaluate(
    paths: Sequence[str],
    encoders: Sequence[tuple[str, str]],
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
    encoders
        (backbone, weights) of each, as for `embed.backbone.load_backbone`.
    confusable
        CSV file of the pairs of classes that experts call confusable.
    out
        Folder to write into.
    height, width
        Pixels of a view.
    precision, device, threads
        As for `embed.shard.embed_shard`.
    untrained
        Number of draws of untrained weights.
    draws, seed
        Number of resamples and of random labellings, and their seed.

    Raises
    ------
    UserError
        When there are no pictures, or an encoder cannot be loaded.
    """
    sets = read_all(paths, height=height, width=width)
    pairs = confusable_pairs(confusable)
    evaluations, confusions = [], []
    for pictures in sets:
        for encoder in expand(encoders, draws=untrained):
            key: dict[str, Any] = {"pictures": pictures.name, "encoder": encoder.name, "draw": encoder.draw}
            _LOG.info("%s", key)
            vectors = encode(pictures, encoder, precision=precision, device=device, threads=threads)
            scores, errors = score(pictures, vectors, pairs, draws=draws, seed=seed)
            evaluations.append(scores.assign(**key))
            confusions.append(errors.assign(**key))
    folder = Path(out)
    evaluation = pd.concat(evaluations, ignore_index=True)
    confusion = pd.concat(confusions, ignore_index=True)
    tables.write(EVALUATION, evaluation, folder / "evaluation.parquet")
    tables.write(CONFUSION, confusion, folder / "confusion.parquet")
    report.write(evaluation, confusion, folder)
