"""The catalogue of the observatory, with Gravity Spy's columns, and the planted truth."""

from pathlib import Path
from typing import Any, Unpack

import numpy as np
import pandas as pd

from glitch_explorer.core import files
from glitch_explorer.observatory import auxiliary, costs, frames, noise, waveforms
from glitch_explorer.observatory.morphology import MORPHOLOGIES, UNKNOWN
from glitch_explorer.observatory.plan import Arguments, Injection, Plan, make_plan, row_stream, shape_stream

#: The 22 classes with a confidence column of their own (Zenodo 5649212); two labels have none.
CONFIDENCES: tuple[str, ...] = (
    "1080Lines", "1400Ripples", "Air_Compressor", "Blip", "Chirp", "Extremely_Loud", "Helix", "Koi_Fish",
    "Light_Modulation", "Low_Frequency_Burst", "Low_Frequency_Lines", "No_Glitch", "None_of_the_Above",
    "Paired_Doves", "Power_Line", "Repeating_Blips", "Scattered_Light", "Scratchy", "Tomte", "Violin_Mode",
    "Wandering_Line", "Whistle",
)  # fmt: skip
#: Scatter of the catalogue's SNR around the true one, and of the ranking around its trend.
SNR_SCATTER, RANKING_SCATTER = 0.03, 0.12


def measure(wave: np.ndarray, rate: int) -> dict[str, float]:
    """Measure a whitened wave (n,) as a trigger generator would.

    Returns
    -------
    dict
        `duration` (s) contains 95 % of the energy, `bandwidth` (Hz) 90 %, around
        `central_freq` (Hz); `peak_frequency` (Hz) is that of the loudest twelfth of an octave.
    """
    energy = np.cumsum(wave**2) / np.sum(wave**2)
    first, last = np.searchsorted(energy, (0.025, 0.975))
    frequency = np.fft.rfftfreq(len(wave), 1.0 / rate)
    power = np.abs(np.fft.rfft(wave)) ** 2 * ((frequency >= 10.0) & (frequency <= 2048.0))
    share = np.cumsum(power) / power.sum()
    low, high = frequency[np.searchsorted(share, (0.05, 0.95))]
    edges = 10.0 * 2.0 ** (np.arange(93) / 12.0)
    loudest = int(np.argmax(np.histogram(frequency, edges, weights=power)[0]))
    return {
        "duration": (last - first + 1) / rate,
        "bandwidth": max(float(high - low), 1.0),
        "central_freq": 0.5 * float(high + low),
        "peak_frequency": min(float(np.sqrt(edges[loudest] * edges[loudest + 1])), 2048.0),
    }


def ranking(snr: float, name: str, rng: np.random.Generator) -> float:
    """Draw a search's own ranking statistic: it grows slowly with SNR and with likeness to a signal."""
    mimics = MORPHOLOGIES[name].mimics if name in MORPHOLOGIES else 1.6
    return float(6.0 * mimics * (snr / 8.0) ** 0.3 * rng.lognormal(0.0, RANKING_SCATTER))


def _confidences(rng: np.random.Generator, label: str | None) -> tuple[dict[str, float], float | None]:
    """Draw the classifier's confidences: high or low whether or not the label is right."""
    rest = rng.dirichlet(np.full(len(CONFIDENCES), 0.3))
    if label is None:
        return dict(zip(CONFIDENCES, np.round(rest, 6).tolist(), strict=True)), None
    top = float(rng.beta(9.0, 1.0)) if rng.uniform() < 0.8 else float(rng.uniform(0.35, 0.9))
    shares = {
        name: round(float(share) * (1.0 - top), 6) for name, share in zip(CONFIDENCES, rest, strict=True)
    }
    if label in shares:
        shares[label] = round(top, 6)
    return shares, round(top, 6)


def row(plan: Plan, injection: Injection, glitch_id: str, stream_number: int) -> dict[str, Any]:
    """Build the catalogue's row of `injection` with the id `glitch_id`."""
    rng = row_stream(plan, stream_number)
    seen = measure(frames.wave(plan, injection), plan.rate)
    snr = max(injection.snr * float(rng.lognormal(0.0, SNR_SCATTER)), 7.6)
    level = frames.level(plan, plan.segments[injection.segment])
    asd = float(noise.design_asd(np.array([seen["peak_frequency"]]), level)[0])
    confidences, confidence = _confidences(rng, injection.label)
    start = injection.time - 0.5 * seen["duration"]
    q_value = float(np.clip(2.0 * np.pi * seen["peak_frequency"] * seen["duration"] / 4.0, 4.0, 64.0))
    values: dict[str, Any] = {
        "event_time": injection.time,
        "ifo": injection.ifo,
        "peak_time": int(injection.time),
        "peak_time_ns": round(injection.time % 1 * 1e5) * 10_000,
        "start_time": int(start),
        "start_time_ns": round(start % 1 * 1e5) * 10_000,
        "duration": round(seen["duration"], 5),
        "peak_frequency": round(seen["peak_frequency"], 4),
        "central_freq": round(seen["central_freq"], 4),
        "bandwidth": round(seen["bandwidth"], 4),
        "channel": frames.channel(injection.ifo),
        "amplitude": float(f"{snr * asd:.6e}"),
        "snr": round(snr, 5),
        "q_value": round(q_value, 4),
        "gravityspy_id": glitch_id,
        **confidences,
        "ml_label": injection.label,
        "ml_confidence": confidence,
    }
    values.update(dict.fromkeys(("url1", "url2", "url3", "url4")))
    values["ranking"] = round(ranking(snr, injection.name, rng), 5)
    return values


def catalog(plan: Plan) -> pd.DataFrame:
    """Build the catalogue: Gravity Spy's 43 columns and `ranking`, ordered by time."""
    rows = [row(plan, injection, injection.glitch_id, injection.number) for injection in plan.injections]
    last = len(plan.injections)
    rows += [row(plan, injection, second, last + i) for i, (injection, second) in enumerate(plan.repeats)]
    return pd.DataFrame(rows).sort_values("event_time", kind="stable", ignore_index=True)


def _parameters(plan: Plan, injection: Injection) -> dict[str, float]:
    """Return the parameters of the shape of `injection`."""
    if injection.event:
        return dict(zip(("mass_1_msun", "mass_2_msun"), injection.masses, strict=True))
    frequency, duration = waveforms.draw_size(injection.name, shape_stream(plan, injection))
    return {"frequency_hz": round(frequency, 3), "duration_s": round(duration, 4)}


def truth(plan: Plan, arguments: Arguments, catalogue: pd.DataFrame) -> dict[str, Any]:
    """Return the planted truth; `catalogue` is the result of `catalog`."""
    glitches = {}
    for injection in plan.injections:
        glitches[injection.glitch_id] = {
            "ifo": injection.ifo,
            "event_time": injection.time,
            "class": injection.name,
            "label": injection.label,
            "snr": round(injection.snr, 5),
            "event": injection.event,
            "readable": plan.segments[injection.segment].readable,
            "shape": _parameters(plan, injection),
        }
    return {
        "arguments": arguments,
        "unknown_class": UNKNOWN,
        "glitches": glitches,
        "wrong_labels": sorted(
            injection.glitch_id
            for injection in plan.injections
            if injection.label not in (None, injection.name)
        ),
        "duplicates": [[first.glitch_id, second] for first, second in plan.repeats],
        "unreadable_frames": [segment.frame_name for segment in plan.segments if not segment.readable],
        **auxiliary.truth(plan, arguments["detectors"]),
        "costs": costs.planted_costs(plan, catalogue, arguments["detectors"]),
    }


def plan_observatory(out: str | Path, **arguments: Unpack[Arguments]) -> None:
    """Write the catalogue, segments, events, the list of channels and the truth of an observatory.

    Parameters
    ----------
    out : path
        Folder for catalog.csv, segments.csv, events.csv, channels.csv and truth.json.

    The other arguments are those of `make_plan`. The same arguments give the same bytes.

    Raises
    ------
    UserError
        When the arguments do not fit together.
    """
    plan = make_plan(**arguments)
    folder = Path(out)
    rows = catalog(plan)
    _write_csv(folder / "catalog.csv", rows)
    spans = [(s.ifo, s.start, s.end, f"{s.ifo}:OBS-ANALYSIS_READY:1") for s in plan.segments]
    table = pd.DataFrame(spans, columns=["ifo", "start", "end", "flag"])
    _write_csv(folder / "segments.csv", table.sort_values(["ifo", "start"]))
    events = [
        (injection.event, injection.ifo, injection.time, "event")
        for injection in plan.injections
        if injection.event
    ]
    _write_csv(folder / "events.csv", pd.DataFrame(events, columns=["name", "ifo", "event_time", "kind"]))
    _write_csv(folder / "channels.csv", auxiliary.channel_list(plan))
    files.write_json(folder / "truth.json", truth(plan, arguments, rows))


def _write_csv(path: Path, table: pd.DataFrame) -> None:
    """Write `table` as CSV atomically."""
    files.write_text(path, table.to_csv(index=False, lineterminator="\n"))
