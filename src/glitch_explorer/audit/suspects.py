"""Labels that the neighbourhood contradicts.

Label probabilities come from the neighbours alone: a glitch never votes for itself.
Confident learning decides which contradicted labels are errors (Northcutt, Jiang & Chuang 2021,
`cleanlab`).
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from cleanlab.filter import find_label_issues
from cleanlab.rank import get_label_quality_scores

#: Neighbours closer than this cosine distance count as copies of the same picture.
DUPLICATE_DISTANCE = 1e-6
#: Weight of the overall label shares, in votes; a row has at most k neighbours' votes.
PRIOR_VOTES = 1.0


@dataclass(frozen=True)
class Votes:
    """Label probabilities (n, c) of all rows for the c `classes`, from their neighbours."""

    classes: np.ndarray
    probabilities: np.ndarray

    def top(self) -> np.ndarray:
        """Return the most likely class (n,) of each row."""
        if not self.classes.size:
            return np.full(len(self.probabilities), None, dtype=object)
        return np.asarray(self.classes[self.probabilities.argmax(axis=1)])


def neighbour_votes(
    glitch_ids: np.ndarray, labels: np.ndarray, indices: np.ndarray, distances: np.ndarray
) -> Votes:
    """Estimate label probabilities of each row from its neighbours, out of sample.

    A neighbour at distance d votes for its label with weight exp(-d / s), s the
    median distance of the row's voters; the overall label shares are added as
    `PRIOR_VOTES` votes. Left out are the glitch itself, its other views (same
    id), its exact duplicates and neighbours without a label.

    Parameters
    ----------
    glitch_ids, labels
        ``(n,)`` ids, and labels or None.
    indices
        ``(n, k)`` neighbours of each row; negative where there is none.
    distances
        ``(n, k)`` cosine distances.

    Returns
    -------
    Votes
        Classes, and probabilities ``(n, c)``.
    """
    known = np.array([isinstance(label, str) for label in labels], dtype=bool)
    classes, codes = np.unique(labels[known].astype(str), return_inverse=True)
    code = np.full(len(labels), -1)
    code[known] = codes
    count = len(classes)
    if not count:
        return Votes(classes.astype(object), np.zeros((len(labels), 0)))
    target = np.where(indices >= 0, indices, 0)
    _, identity = np.unique(glitch_ids.astype(str), return_inverse=True)
    votes = (indices >= 0) & (code[target] >= 0) & (distances > DUPLICATE_DISTANCE)
    votes &= identity[target] != identity[:, None]
    counted = np.where(votes, distances, np.nan)
    scale = np.ones(len(labels))
    some = votes.any(axis=1)
    scale[some] = np.nanmedian(counted[some], axis=1)
    weight = np.where(votes, np.exp(-distances / scale[:, None]) * np.e, 0.0)
    rows = np.broadcast_to(np.arange(len(labels))[:, None], indices.shape)
    cast = np.bincount(
        (rows * count + code[target])[votes], weights=weight[votes], minlength=len(labels) * count
    )
    shares = np.bincount(codes, minlength=count) / len(codes)
    total = cast.astype(np.float64).reshape(len(labels), count) + PRIOR_VOTES * shares
    return Votes(classes.astype(object), total / total.sum(axis=1, keepdims=True))


def _quality(codes: np.ndarray, probabilities: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Compute the quality (m,) of each label, and whether confident learning flags it as an error."""
    if probabilities.shape[1] < 2:
        return np.ones(len(codes)), np.zeros(len(codes), dtype=bool)
    quality = get_label_quality_scores(codes, probabilities, method="normalized_margin")
    issue = find_label_issues(codes, probabilities, filter_by="prune_by_noise_rate", n_jobs=1)
    return np.clip(quality, 0.0, 1.0), issue


def suspect_table(rows: pd.DataFrame, votes: Votes, confusable: set[frozenset[str]]) -> pd.DataFrame:
    """Compute table "suspects": every labelled row, the most suspect first (Northcutt 2021).

    Parameters
    ----------
    rows
        The rows of the map: `glitch_id`, `view`, `family`, `label`.
    votes
        Label probabilities of the same rows, see `neighbour_votes`.
    confusable
        Pairs of classes that experts confuse.

    Returns
    -------
    pandas.DataFrame
        Table "suspects".
    """
    known = rows["label"].notna().to_numpy()
    table = rows.loc[known, ["glitch_id", "view", "family", "label"]].reset_index(drop=True)
    probabilities = votes.probabilities[known]
    codes = np.searchsorted(votes.classes.astype(str), table["label"].to_numpy().astype(str))
    quality, issue = _quality(codes, probabilities) if len(table) else (np.ones(0), np.zeros(0, dtype=bool))
    table["proposed_label"] = votes.top()[known]
    table["evidence"] = np.round(1 - quality, 12)
    table["issue"] = issue
    pairs = zip(table["label"], table["proposed_label"], strict=True)
    table["confusable_pair"] = np.array([frozenset(pair) in confusable for pair in pairs], dtype=bool)
    return table.sort_values(
        ["evidence", "glitch_id", "view"], ascending=[False, True, True], ignore_index=True
    )
