"""Validation: agreement of nearest neighbours on glitches that training has not seen."""

import copy

import numpy as np

from glitch_explorer.core.arrays import Bool, Float, Int64
from glitch_explorer.embed.network import Network
from glitch_explorer.embed.shard import embed_views
from glitch_explorer.encoder.bank import Bank
from glitch_explorer.encoder.classes import SEEN
from glitch_explorer.map.vectors import fuse


def nearest_right(vectors: Float, labels: Int64) -> Bool:
    """Return whether the nearest other vector, by cosine, has the same label: ``(n,)``."""
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    similarity = unit @ unit.T
    np.fill_diagonal(similarity, -np.inf)
    return np.asarray(labels[similarity.argmax(1)] == labels)


def validate(network: Network, bank: Bank, *, device: str, threads: int) -> dict[str, float]:
    """Return the share of nearest neighbours of the same class.

    Returns
    -------
    dict
        `view_seen`, `view_unseen`: mean over the four lengths, each compared with itself;
        `fused_seen`, `fused_unseen`: of the four views together. Unseen classes are those
        that training does not draw; neighbours are of all classes.
    """
    n, lengths = bank.views.shape[:2]
    vectors, _ = embed_views(
        bank.views.reshape(n * lengths, *bank.views.shape[2:]),
        np.arange(n * lengths),
        load=lambda: copy.deepcopy(network).eval(),
        precision="auto",
        device=device,
        threads=threads,
    )
    vectors = vectors.reshape(n, lengths, -1)
    seen = bank.labels < len(SEEN)
    by_view = np.mean([nearest_right(vectors[:, v], bank.labels) for v in range(lengths)], axis=0)
    fused = nearest_right(fuse(vectors)[0], bank.labels)
    right = {"view": by_view, "fused": fused}
    return {
        f"{name}_{part}": round(float(hits[which].mean()), 5)
        for name, hits in right.items()
        for part, which in (("seen", seen), ("unseen", ~seen))
    }
