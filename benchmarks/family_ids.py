"""Family ids of a growing catalogue: `python benchmarks/family_ids.py --n 34332 --new 700`.

The catalogue of `scale.py` is mapped without its last glitches, a week of them, and then whole, its families
named after those of the first map. Printed are the share of the glitches with a family in both maps that
kept its id, how many families have their old id and how many are new or gone, and beside it what the same map
gives from another seed: families that no new glitch has touched.
"""

import argparse

import numpy as np
import pandas as pd
from growth import same_ids
from scale import CLUSTERING, SEED, drawn

from glitch_explorer.map.families import cluster_layout
from glitch_explorer.map.graph import neighbour_graph
from glitch_explorer.map.ids import name_families
from glitch_explorer.map.layout import fuzzy_set, start_positions, umap_layout
from glitch_explorer.map.schemas import UNASSIGNED
from glitch_explorer.map.vectors import fuse


def families(
    values: np.ndarray, mask: np.ndarray, reference: pd.DataFrame | None, *, seed: int, threads: int
) -> pd.DataFrame:
    """Map the rows and give the table of their families, columns glitch_id, view and family."""
    indices, distances = neighbour_graph(values, mask, n_neighbors=30, seed=seed, threads=threads)
    fuzzy = fuzzy_set(indices, distances)
    start = start_positions(fuzzy, values, n_components=10, seed=seed)
    layout = umap_layout(fuzzy, start, min_dist=0.0, seed=seed, threads=threads)
    rows = pd.DataFrame({"glitch_id": [f"g{row:07d}" for row in range(len(values))], "view": ""})
    rows["cluster"] = cluster_layout(layout, **CLUSTERING).cluster
    names = name_families(rows, reference).set_index("cluster")["family"]
    return rows.assign(family=rows["cluster"].map(names).fillna(UNASSIGNED))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--n", type=int, default=34332)
    parser.add_argument("--new", type=int, default=700, help="glitches of the week that comes later")
    parser.add_argument("--threads", type=int, default=2)
    given = parser.parse_args()
    values, mask = fuse(drawn(given.n)[0])
    old = given.n - given.new
    before = families(values[:old], mask[:old], None, seed=SEED, threads=given.threads)
    print("| what | glitches that kept their id | families | with their old id | new | gone |")
    print("|---|---|---|---|---|---|")
    for what, n, seed in (
        (f"{given.new} glitches more", given.n, SEED),
        ("another seed, none more", old, SEED + 1),
    ):
        after = families(values[:n], mask[:n], before, seed=seed, threads=given.threads)
        ids, known = (set(table["family"]) - {UNASSIGNED} for table in (after, before))
        counts = (len(ids), len(ids & known), len(ids - known), len(known - ids))
        print(f"| {what} | {same_ids(before, after):.3f} | {' | '.join(map(str, counts))} |", flush=True)


if __name__ == "__main__":
    main()
