"""Vectors of planted glitches of many seeds, without frames: `python benchmarks/vectors.py OUT 1 2 3`.

The same library makes strain, Q-scans and vectors as in the workflow, in one process and on a GPU where there
is one (25 s a seed on an H200, 3 core-minutes without); `couplings.py --vectors OUT` maps them. One file a
seed: `ids` of the glitches in readable segments, and `vectors` float16 (n, 4, 512), NaN where a view is
missing.
"""

import argparse
import time
from concurrent.futures import ThreadPoolExecutor
from math import floor
from pathlib import Path

import numpy as np
import torch
import yaml

from glitch_explorer.core import files
from glitch_explorer.core.views import VIEW_LENGTHS_S
from glitch_explorer.embed.backbone import load_backbone
from glitch_explorer.embed.shard import embed_pictures
from glitch_explorer.observatory import frames
from glitch_explorer.observatory.plan import Injection, Plan, make_plan
from glitch_explorer.views.qscan import qscan

ROOT = Path(__file__).resolve().parents[1]
CONFIG = yaml.safe_load((ROOT / "config/config.yaml").read_text(encoding="utf-8"))
#: Seconds around an event that are whitened, as in the workflow, and glitches scanned at a time.
SECONDS, AT_ONCE = 64, 64

Cut = tuple[int, np.ndarray, float]


def readable(plan: Plan) -> list[Injection]:
    return [one for one in plan.injections if plan.segments[one.segment].readable]


def cuts(plan: Plan, glitches: list[Injection], threads: int) -> list[Cut]:
    """Give number, strain and place of each event; its segment's ends cut the strain short."""
    wanted = sorted({one.segment for one in glitches})
    with ThreadPoolExecutor(threads) as pool:
        made = pool.map(lambda index: frames.segment_strain(plan, index), wanted)
        strain = dict(zip(wanted, made, strict=True))
    found = []
    for number, one in enumerate(glitches):
        segment = plan.segments[one.segment]
        begin = floor(one.time) - SECONDS // 2
        first, last = max(begin, segment.start), min(begin + SECONDS, segment.end)
        part = slice((first - segment.start) * plan.rate, (last - segment.start) * plan.rate)
        found.append((number, strain[one.segment][part], one.time - first))
    return found


def views(plan: Plan, glitches: list[Injection], device: str, threads: int) -> tuple[np.ndarray, np.ndarray]:
    """Q-scan glitches: views (n, 4, H, W), and which of them the strain covers."""
    size = CONFIG["views"]["height"], CONFIG["views"]["width"]
    pictures = np.zeros((len(glitches), len(VIEW_LENGTHS_S), *size), np.uint8)
    present = np.zeros((len(glitches), len(VIEW_LENGTHS_S)), bool)
    by_length: dict[int, list[Cut]] = {}
    for cut in cuts(plan, glitches, threads):
        by_length.setdefault(cut[1].size, []).append(cut)
    for length, part in by_length.items():
        for start in range(0, len(part), AT_ONCE):
            numbers, rows, offsets = map(list, zip(*part[start : start + AT_ONCE], strict=True))
            pictures[numbers], _ = qscan(
                np.stack(rows),
                sample_rate=plan.rate,
                event_offset=np.array(offsets),
                height=size[0],
                width=size[1],
                device=device,
                threads=threads,
            )
            reach = np.minimum(offsets, length / plan.rate - np.array(offsets))
            present[numbers] = np.array(VIEW_LENGTHS_S) / 2 <= reach[:, None] + 1e-3
    return pictures, present


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("seeds", type=int, nargs="+")
    parser.add_argument("--glitches", type=int, default=CONFIG["observatory"]["glitches"])
    parser.add_argument("--segments", type=int, default=CONFIG["observatory"]["segments"])
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    device = "cuda" if torch.cuda.is_available() else "cpu"
    size = {"glitches": options.glitches, "segments": options.segments, "detectors": CONFIG["detectors"]}
    for seed in options.seeds:
        begin = time.perf_counter()
        plan = make_plan(**{**CONFIG["observatory"], **size, "seed": seed})
        glitches = readable(plan)
        pictures, present = views(plan, glitches, device, options.threads)
        found, used = embed_pictures(
            pictures.reshape(-1, *pictures.shape[2:]),
            np.flatnonzero(present.ravel()),
            load=lambda: load_backbone("resnet18", ROOT / CONFIG["embedding"]["weights"]),
            precision=CONFIG["embedding"]["precision"],
            device=device,
            threads=options.threads,
        )
        vectors = np.full((*present.shape, found.shape[1]), np.nan, np.float16)
        vectors[present] = found
        ids = np.array([one.glitch_id for one in glitches])
        files.write_arrays(options.out / f"{seed}.npz", {"ids": ids, "vectors": vectors})
        print(
            f"seed {seed}: {len(glitches)} glitches in {time.perf_counter() - begin:.0f} s, {used}",
            flush=True,
        )


if __name__ == "__main__":
    main()
