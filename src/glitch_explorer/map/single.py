"""A study of one morphology: one family, where HDBSCAN splits the map or leaves it unassigned.

HDBSCAN selects its clusters below the root of the tree, so it never returns one cluster alone.
"""

from dataclasses import replace

import numpy as np
import scipy.sparse as sp
from hdbscan._hdbscan_tree import compute_stability, get_clusters
from scipy.sparse.csgraph import connected_components, minimum_spanning_tree

from glitch_explorer.core.arrays import Bool, Float32, Float64, Int32
from glitch_explorer.map.families import Clusters, structured_tree

#: Longest link within a single family, over the median link. Ours: in the simulated observatory, 1.5 links
#: 93 % of the glitches of a class (median over 22 classes) and joins one pair of classes of 231.
LONGEST_LINK = 1.5
#: Cosine distance that the median link of a single family has at most. Ours: 0.006 to 0.06 within the classes
#: of the simulated observatory, 0.13 to 0.18 where each class has three to five glitches.
MOST_DISTANCE = 0.1
#: Keeps identical rows linked: a sparse graph has no edge of length zero.
_SHORTEST = 1e-6


def distance_graph(indices: Int32, distances: Float32) -> sp.csr_matrix:
    """Return the Euclidean lengths sqrt(2 d) of the neighbour graph's cosine distances, ``(n, n)``.

    Parameters
    ----------
    indices, distances
        ``(n, k)`` neighbours (-1: none) and their cosine distances, see `graph.neighbour_graph`.
    """
    n, k = indices.shape
    known = indices.ravel() >= 0
    row = np.repeat(np.arange(n), k)[known]
    length = np.sqrt(2 * np.maximum(distances.ravel()[known].astype(np.float64), 0)) + _SHORTEST
    return sp.csr_matrix((length, (row, indices.ravel()[known])), shape=(n, n))


def join_single(
    clusters: Clusters, graph: sp.csr_matrix, *, min_cluster_size: int, min_samples: int | None
) -> Clusters:
    """Replace the clusters by one where the map is of one morphology.

    It is, where (1) the root of the condensed tree has more excess of mass than all selections
    below it (Campello et al. 2013, section 5, with the root allowed); (2) more than half of the
    rows, and at least `min_cluster_size`, are joined by links of at most `LONGEST_LINK` times the
    median link, and no other such group is as large as a family; (3) the median link is a cosine
    distance of at most `MOST_DISTANCE`. Links are edges of the spanning tree of the mutual reachability
    distances of the vectors. The joined rows are the family, the others are unassigned.

    Parameters
    ----------
    clusters
        Result of HDBSCAN on the layout of n rows.
    graph
        ``(n, n)``, see `distance_graph`.
    min_cluster_size, min_samples
        As in `families.cluster_layout`.

    Returns
    -------
    Clusters
        One cluster, or `clusters` itself.
    """
    if not len(clusters.tree["parent"]) or not _root_selected(clusters):
        return clusters
    samples = min_cluster_size if min_samples is None else min_samples
    members = linked_rows(graph, samples, min_cluster_size)
    if members is None:
        return clusters
    probability = np.where(members, _root_probability(clusters), 0.0)
    return replace(clusters, cluster=np.where(members, 0, -1), probability=probability)


def linked_rows(graph: sp.csr_matrix, min_samples: int, min_cluster_size: int) -> Bool | None:
    """Return the rows ``(n,)`` that links join into one group, or None where that is no single family."""
    links = minimum_spanning_tree(_mutual_reachability(graph, min_samples))
    if not links.nnz:
        return None
    median = float(np.median(links.data))
    links.data = np.where(links.data <= LONGEST_LINK * median, 1.0, 0.0)
    links.eliminate_zeros()
    group = connected_components(links, directed=False)[1]
    sizes = np.bincount(group)
    largest = int(sizes.argmax())
    others = np.delete(sizes, largest).max(initial=0)
    enough = sizes[largest] >= min_cluster_size and 2 * sizes[largest] > len(group)
    if not enough or others >= min_cluster_size or median**2 / 2 > MOST_DISTANCE:
        return None
    return np.asarray(group == largest)


def _mutual_reachability(graph: sp.csr_matrix, min_samples: int) -> sp.csr_matrix:
    """Raise each edge to the core distances (that of the `min_samples`-th neighbour) of its ends."""
    edges = sp.coo_matrix(graph)
    order = np.lexsort((edges.data, edges.row))
    counts = np.bincount(edges.row, minlength=graph.shape[0])
    ends = np.cumsum(counts)
    last = ends - counts + np.minimum(min_samples, counts) - 1
    core = np.where(counts > 0, edges.data[order][last], 0.0)
    reach = np.maximum(edges.data, np.maximum(core[edges.row], core[edges.col]))
    directed = sp.csr_matrix((reach, (edges.row, edges.col)), shape=graph.shape)
    return directed.maximum(directed.T)


def _root_selected(clusters: Clusters) -> bool:
    """Check whether excess of mass selects the root, that is all rows, where it may."""
    tree = structured_tree(clusters.tree)
    # Points in the same place have an infinite density, with which masses cannot be compared.
    density = tree["lambda_val"]
    tree["lambda_val"] = np.minimum(density, density[np.isfinite(density)].max(initial=1.0))
    labels = get_clusters(tree, compute_stability(tree), "eom", True)[0]
    return bool(labels.max() == 0)


def _root_probability(clusters: Clusters) -> Float64:
    """Compute each row's membership of the root ``(n,)``: its density over that where the root ends."""
    tree = clusters.tree
    n = len(clusters.cluster)
    points = tree["child"] < n
    density = np.zeros(n)
    density[tree["child"][points].astype(int)] = tree["lambda_val"][points]
    end = tree["lambda_val"][tree["parent"] == tree["parent"].min()].max()
    probability: Float64 = np.where(density < end, density / end, 1.0)
    return probability
