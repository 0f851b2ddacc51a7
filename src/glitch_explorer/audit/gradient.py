"""Gradients within a family: its principal axis, and whether labels change along it."""

import numpy as np
import pandas as pd
from scipy.sparse import coo_array, csr_array
from scipy.sparse.csgraph import connected_components, dijkstra
from scipy.stats import chi2_contingency, random_table, spearmanr

from glitch_explorer.audit.labels import label_counts
from glitch_explorer.audit.schemas import GRADIENTS, POSITIONS
from glitch_explorer.core import tables
from glitch_explorer.core.arrays import evenly
from glitch_explorer.core.statistics import wilson_interval
from glitch_explorer.map.schemas import ROW_KEY, UNASSIGNED

#: Landmarks of the axis; a family up to this size uses all its members.
LANDMARKS = 128
#: The labels change along the axis below this p-value.
GRADIENT_P = 0.01
#: Draws of the null of a gradient.
DRAWS = 999


def _subgraph(rows: np.ndarray, indices: np.ndarray, distances: np.ndarray) -> csr_array:
    """Return the symmetric neighbour graph (m, m) of the `rows`, edges as chord lengths."""
    index = np.full(len(indices), -1)
    index[rows] = np.arange(len(rows))
    neighbours = indices[rows]
    target = np.where(neighbours >= 0, index[np.maximum(neighbours, 0)], -1)
    source = np.broadcast_to(np.arange(len(rows))[:, None], target.shape)
    inside = (target >= 0) & (target != source)
    # Of unit vectors, sqrt(2 (1 - cosine)) is the length of the chord; zero would be no edge.
    length = np.sqrt(2 * np.maximum(distances[rows][inside].astype(np.float64), 1e-9))
    shape = (len(rows), len(rows))
    graph = coo_array((length, (source[inside], target[inside])), shape=shape).tocsr()
    return csr_array(graph.maximum(graph.T))


def _joined(graph: csr_array, rows: np.ndarray, vectors: np.ndarray) -> csr_array:
    """Connect the components of a graph, each to the nearest row that is connected already.

    Of a part with more than `LANDMARKS` rows only so many, evenly drawn, look for it.
    """
    count, part = connected_components(graph, directed=False)
    if count == 1:
        return graph
    units = np.asarray(vectors[rows], dtype=np.float64)
    units /= np.maximum(np.linalg.norm(units, axis=1, keepdims=True), 1e-12)
    order = np.argsort(-np.bincount(part, minlength=count), kind="stable")
    joined = part == order[0]
    extra = []
    for number in order[1:]:
        inside = np.flatnonzero(part == number)
        inside = inside[np.linspace(0, len(inside) - 1, min(LANDMARKS, len(inside))).astype(int)]
        cosine = np.where(joined, units[inside] @ units.T, -np.inf)
        nearest, partner = np.unravel_index(np.argmax(cosine), cosine.shape)
        length = np.sqrt(2 * max(1 - float(cosine[nearest, partner]), 1e-9))
        extra.append((inside[nearest], partner, length))
        joined |= part == number
    source, target, length = (np.array(column) for column in zip(*extra, strict=True))
    bridges = coo_array((length, (source, target)), shape=graph.shape).tocsr()
    return csr_array(graph + bridges + bridges.T)


def principal_axis(
    rows: np.ndarray, vectors: np.ndarray, indices: np.ndarray, distances: np.ndarray
) -> np.ndarray:
    """Compute the position of each member along the family's principal axis on the neighbour graph.

    The first coordinate of landmark multidimensional scaling of the shortest
    paths within the family (Isomap: Tenenbaum 2000; landmarks: de Silva &
    Tenenbaum 2004). Unlike the graph's Fiedler vector it follows the longest
    extent of the family, not its weakest link.

    Parameters
    ----------
    rows
        ``(m,)`` rows of the family's members.
    vectors
        ``(n, d)`` vectors of all rows; they connect the components of a family in the graph.
    indices, distances
        ``(n, k)`` neighbour graph: rows (negative: none) and cosine distances.

    Returns
    -------
    numpy.ndarray
        ``(m,)`` coordinates; the sign is arbitrary but reproducible.
    """
    count = len(rows)
    if count < 3:
        return np.arange(count, dtype=float)
    graph = _joined(_subgraph(rows, indices, distances), rows, vectors)
    landmarks = evenly(count, LANDMARKS)
    squared = dijkstra(graph, directed=False, indices=landmarks) ** 2
    between = squared[:, landmarks]
    centred = between - between.mean(axis=0) - between.mean(axis=1)[:, None] + between.mean()
    values, axes = np.linalg.eigh(-0.5 * centred)
    axis = axes[:, -1] / np.sqrt(max(values[-1], 1e-12))
    axis *= np.sign(axis[np.argmax(np.abs(axis).round(9))])
    coordinates: np.ndarray = -0.5 * axis @ (squared - between.mean(axis=1)[:, None])
    return coordinates.round(9)


def _direction(coordinates: np.ndarray, snr: np.ndarray) -> float:
    """Orient the axis towards louder glitches, or by the order of rows where SNR is unknown."""
    known = np.isfinite(snr)
    reference = snr[known] if known.sum() > 2 and np.ptp(snr[known]) > 0 else np.arange(len(snr))
    chosen = coordinates[known] if len(reference) != len(snr) else coordinates
    if len(chosen) < 2 or np.ptp(chosen) == 0:
        return 1.0
    return -1.0 if spearmanr(chosen, reference).statistic < 0 else 1.0


def position_table(
    rows: pd.DataFrame,
    vectors: np.ndarray,
    indices: np.ndarray,
    distances: np.ndarray,
    *,
    sections: int,
) -> pd.DataFrame:
    """Compute table "positions": the position of each member along its family's axis.

    Positions are ranks from 0 to 1; column `segment` is the number (from 1) of the section, one of
    `sections` equal parts. A family of fewer members has as many sections as members.
    """
    parts = []
    for family, members in rows[rows["family"] != UNASSIGNED].groupby("family", sort=True):
        index = members.index.to_numpy()
        coordinates = principal_axis(index, vectors, indices, distances)
        coordinates = coordinates * _direction(coordinates, members["snr"].to_numpy(dtype=float))
        rank = np.empty(len(index), dtype=int)
        rank[np.argsort(coordinates, kind="stable")] = np.arange(len(index))
        cuts = min(sections, len(index))
        part = members[ROW_KEY].assign(
            family=family,
            segment=rank * cuts // len(index) + 1,
            position=rank / max(1, len(index) - 1),
        )
        parts.append(part.iloc[np.argsort(rank)])
    return tables.joined(POSITIONS, parts)


def labels_change(sections: np.ndarray, labels: np.ndarray, *, seed: int) -> bool:
    """Test whether the plurality label changes along the axis.

    It does where two sections have different plurality labels and the chi-square
    statistic of section against label beats its permutation null (`DRAWS` random
    tables with the same margins) at p < `GRADIENT_P`.

    Parameters
    ----------
    sections, labels : arrays (m,)
        Section and label of each labelled member.
    """
    table = pd.crosstab(sections, labels).to_numpy()
    if min(table.shape) < 2 or len(np.unique(table.argmax(axis=1))) < 2:
        return False
    expected = np.outer(table.sum(axis=1), table.sum(axis=0)) / table.sum()
    draws = random_table(table.sum(axis=1), table.sum(axis=0)).rvs(
        DRAWS, random_state=np.random.default_rng(seed)
    )
    null = ((draws - expected) ** 2 / expected).sum(axis=(1, 2))
    observed = chi2_contingency(table, correction=False).statistic
    p_value = (1 + (null >= observed - 1e-9).sum()) / (1 + DRAWS)
    return bool(p_value < GRADIENT_P)


def gradient_table(positions: pd.DataFrame, *, seed: int) -> pd.DataFrame:
    """Compute table "gradients": label consistency of each section of each family's axis.

    Parameters
    ----------
    positions : DataFrame
        Table `positions` with the column `label`.
    seed : int
        Seed of the permutations; each family draws on its own.
    """
    table = []
    for family, members in positions.groupby("family", sort=True):
        known = members.dropna(subset=["label"])
        gradient = labels_change(
            known["segment"].to_numpy(), known["label"].to_numpy(dtype=object), seed=seed
        )
        cuts = int(members["segment"].max())
        for section in range(1, cuts + 1):
            part = members[members["segment"] == section]
            counts = label_counts(part["label"])
            labelled = int(counts.sum())
            low, high = wilson_interval(int(counts.iloc[0]), labelled) if labelled else (None, None)
            table.append(
                {
                    "family": family,
                    "segment": section,
                    "position_low": (section - 1) / cuts,
                    "position_high": section / cuts,
                    "n": len(part),
                    "n_labelled": labelled,
                    "plurality_label": counts.index[0] if labelled else None,
                    "consistency": counts.iloc[0] / labelled if labelled else None,
                    "consistency_low": low,
                    "consistency_high": high,
                    "gradient": gradient,
                }
            )
    return pd.DataFrame(table) if table else tables.empty(GRADIENTS)
