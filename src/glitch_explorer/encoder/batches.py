"""The glitches and views of a training step, determined by the seed and the step."""

from dataclasses import dataclass

import numpy as np

from glitch_explorer.core.arrays import Int64
from glitch_explorer.core.views import VIEW_LENGTHS_S
from glitch_explorer.encoder.bank import Bank
from glitch_explorer.encoder.classes import SEEN

#: Views of a label in a batch: of two glitches, in two lengths.
GROUP = 4
#: Key added to the seed, so that the batches have a random stream of their own.
_BATCH = 7


@dataclass(frozen=True)
class Index:
    """Glitches of a bank by label: of each class, and of each family of random shapes."""

    classes: list[Int64]
    families: list[Int64]


def index_bank(bank: Bank) -> Index:
    """Return the glitches of each label with two glitches or more."""
    order = np.argsort(bank.labels, kind="stable")
    groups = {
        int(bank.labels[part[0]]): part
        for part in np.split(order, np.flatnonzero(np.diff(bank.labels[order])) + 1)
    }
    classes = [part for label, part in groups.items() if label < len(SEEN) and len(part) > 1]
    families = [part for label, part in groups.items() if label >= len(SEEN) and len(part) > 1]
    return Index(classes, families)


def draw_batch(index: Index, *, views: int, seed: int, step: int) -> tuple[Int64, Int64]:
    """Draw the views of a step: half of them of classes, half of families.

    Parameters
    ----------
    index
        Glitches by label.
    views
        Number of views, a multiple of 8.
    seed, step
        They determine all random numbers.

    Returns
    -------
    glitches, lengths
        ``(views,)``: glitch of the bank, and index of the view length.
    """
    rng = np.random.default_rng([seed, _BATCH, step])
    groups = views // GROUP
    glitches, lengths = [], []
    for labels, n in ((index.classes, groups // 2), (index.families, groups - groups // 2)):
        # Each label is drawn once before any is drawn twice.
        rounds = [rng.permutation(len(labels)) for _ in range(-(-n // len(labels)))]
        for label in np.concatenate(rounds)[:n]:
            pair = rng.choice(labels[label], 2, replace=False)
            two_lengths = rng.choice(len(VIEW_LENGTHS_S), 2, replace=False)
            glitches.append(np.repeat(pair, 2))
            lengths.append(np.tile(two_lengths, 2))
    return np.concatenate(glitches), np.concatenate(lengths)
