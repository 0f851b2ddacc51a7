"""The auxiliary channels of the observatory as frames, and the truth planted in them.

Besides the witnesses (`couplings`) there are decoys: channels that a method must not name, or
must report as untested.
"""

from pathlib import Path
from typing import Any, Unpack

import numpy as np
import pandas as pd

from glitch_explorer.core import files
from glitch_explorer.core.arrays import Float
from glitch_explorer.observatory import ambience, couplings, frames, gwf, ranges
from glitch_explorer.observatory.channels import CHANNELS, Channel
from glitch_explorer.observatory.couplings import Coupling, Motion
from glitch_explorer.observatory.plan import Arguments, Plan, make_plan, stream
from glitch_explorer.observatory.shapes import band_noise, bell

#: Channels that repeat a witness; the factor, and the added noise as a share of the witness's usual noise.
CORRELATED = {"PEM-CS_MAG_LVEA_VERTEX_Y_DQ": "PEM-CS_MAG_LVEA_VERTEX_X_DQ", "IMC-F_OUT16": couplings.VCO}
COPY_GAIN, COPY_NOISE = {"PEM-CS_MAG_LVEA_VERTEX_Y_DQ": 0.8, "IMC-F_OUT16": 1e-3}, 0.12
#: Channels that follow one slow drift, with its size over their usual RMS of 0.03-10 Hz.
DRIFTING = {
    "SUS-BS_M1_DAMP_L_IN1_DQ": 3.0,
    "SUS-TMSY_M1_DAMP_L_IN1_DQ": 3.0,
    "ASC-DHARD_Y_OUT_DQ": 4.0,
    "PSL-PWR_HPL_DC_OUT_DQ": 6.0,
}
#: Channels with bursts of their own: how many a minute, and their band in Hz.
BURSTY = {
    "PEM-CS_ACC_LVEAFLOOR_XCRYO_Z_DQ": (2.0, (20.0, 80.0)),
    "PEM-EY_ACC_BSC5_ETMY_Y_DQ": (1.0, (10.0, 40.0)),
    "ASC-Y_TR_B_PIT_OUT_DQ": (3.0, (3.0, 12.0)),
}
BURST_SIZE = 6.0
#: The unsafe channels that hear the strain, with the size of whitened strain in them.
HEARS_STRAIN = {"CAL-DELTAL_EXTERNAL_DQ": 3e-19, "ASC-AS_A_DC_SUM_OUT_DQ": 40.0}
DEAD = {"PEM-EX_VMON_ETMX_ESDPOWER24_DQ": 24.0}
#: Samples that are not numbers: stretches a segment, and their length in s.
WITH_NAN = {"PEM-CS_ACC_PSL_PERISCOPE_X_DQ": (4, 12.0)}
#: Channel that is absent from the frame of every third segment.
WITH_GAPS = "ISI-HAM3_BLND_GS13Y_IN1_DQ"
#: Channel that is sampled twice as fast from the middle of the run.
FASTER_LATER = "IMC-WFS_A_DC_PIT_OUT_DQ"
#: Channel that is on the list and in no frame.
MISSING = "SUS-ETMX_L1_CAL_LINE_OUT_DQ"
DAY_NIGHT = tuple(
    name for name, channel in CHANNELS.items() if channel.noise in ("rms_human", "rms_wind", "temperature")
)
#: What drives a class slowly: (class, channel, band in Hz).
SLOW_DRIVERS = (
    ("Scattered_Light", "ISI-GND_STS_ITMY_Z_BLRMS_100M_300M", (0.1, 0.3)),
    ("Fast_Scattering", "ISI-GND_STS_ITMY_Z_BLRMS_1_3", (1.0, 6.0)),
)

_NOISE, _COPY, _DECOY = range(220, 223)


def faster_from(plan: Plan) -> int:
    """Return the GPS second, between segments, from which the channel `FASTER_LATER` has the higher rate."""
    starts = sorted({segment.start - segment.start % 60 for segment in plan.segments if segment.readable})
    return starts[len(starts) // 2] - 60


def rate_at(plan: Plan, name: str, gps: int) -> int:
    """Return the sample rate of a channel, Hz."""
    rate = CHANNELS[name].rate_hz
    return 2 * rate if name == FASTER_LATER and gps >= faster_from(plan) else rate


def samples(plan: Plan, index: int, name: str, *, motions: list[Motion]) -> Float | None:
    """Compute the samples (n,) of one channel over a segment; None where the frame has none.

    Channels of `HEARS_STRAIN` are without the strain here, see `hearing`.

    Parameters
    ----------
    plan : Plan
        The plan.
    index : int
        Number of the segment.
    name : str
        Channel, without detector.
    motions : list of Motion
        Motions of the channel in all segments (`couplings.schedule`).
    """
    segment = plan.segments[index]
    if name == MISSING or (name == WITH_GAPS and segment.level_key % 3 == 0):
        return None
    rate = rate_at(plan, name, segment.start)
    n = (segment.end - segment.start) * rate
    key = (*segment.ifo.encode(), *name.encode(), segment.level_key)
    rng = stream(plan.seed, _NOISE, *key)
    around = ambience.weather(plan, segment)
    noise = ambience.ambient(CHANNELS[name].noise, around, n=n, rate=rate, rng=rng)
    here = [motion for motion in motions if motion.segment == index]
    if CHANNELS[name].oscillator:
        crossings = sorted(motion.time - segment.start for motion in here)
        return _oscillator(name, np.arange(n) / rate, crossings, noise, stream(plan.seed, _DECOY, *key))
    for motion in here:
        couplings.add(noise, motion, plan, rate=rate)
    return _decoy(name, noise, around, rate, stream(plan.seed, _DECOY, *key))


def hearing(plan: Plan, index: int, name: str, white: Float) -> Float:
    """Compute the samples of a channel of `HEARS_STRAIN` over a segment with whitened glitches `white`."""
    noise = samples(plan, index, name, motions=[])
    if noise is None:
        raise RuntimeError(f"{name} has no samples in segment {index}")
    n = len(noise)
    spectrum = np.fft.rfft(white)[: n // 2 + 1]
    heard = np.fft.irfft(spectrum, n) * (n / len(white))
    return np.asarray(HEARS_STRAIN[name] * (noise * np.sqrt(2.0 / plan.rate) + heard))


def _oscillator(
    name: str, t: Float, crossings: list[float], jitter: Float, rng: np.random.Generator
) -> Float:
    """Compute the frequency of an oscillator, the fixed or the wandering one."""
    if name == couplings.FIXED:
        return couplings.FIXED_HZ + 0.01 * jitter
    return couplings.oscillator(t, crossings, rng) + jitter


def _copy(plan: Plan, index: int, name: str, *, motions: list[Motion]) -> Float:
    """Compute a channel that repeats a witness with a little noise of the same kind."""
    of, segment = CORRELATED[name], plan.segments[index]
    original = samples(plan, index, of, motions=motions)
    if original is None:
        raise RuntimeError(f"{of} has no samples to repeat in segment {index}")
    rng = stream(plan.seed, _COPY, *segment.ifo.encode(), *name.encode(), segment.level_key)
    noise = ambience.ambient(
        CHANNELS[of].noise,
        ambience.weather(plan, segment),
        n=len(original),
        rate=CHANNELS[name].rate_hz,
        rng=rng,
    )
    zero = couplings.FIXED_HZ if CHANNELS[of].oscillator else 0.0
    return COPY_GAIN[name] * (original - zero + COPY_NOISE * noise)


def _decoy(name: str, noise: Float, around: ambience.Weather, rate: int, rng: np.random.Generator) -> Float:
    """Add the disturbance of a decoy, if the channel is one."""
    n = len(noise)
    t = np.arange(n) / rate
    spectrum = ambience.SPECTRA.get(CHANNELS[name].noise)
    if name in DEAD:
        return np.full(n, DEAD[name])
    if name in DRIFTING and spectrum is not None:
        size = DRIFTING[name] * ambience.band_rms(spectrum, 0.03, min(10.0, rate / 2))
        noise += size * ambience.curve(around.common, t)
    if name in BURSTY and spectrum is not None:
        per_minute, (low, high) = BURSTY[name]
        size = BURST_SIZE * ambience.band_rms(spectrum, low, high)
        for time in rng.uniform(0.0, n / rate, int(rng.poisson(per_minute * n / rate / 60.0))):
            near = slice(max(0, int((time - 2.0) * rate)), int((time + 2.0) * rate))
            inside = t[near] - time
            noise[near] += size * bell(inside, 0.0, 0.15) * band_noise(inside, rng, low, high)
    if name in WITH_NAN:
        stretches, length = WITH_NAN[name]
        for time in rng.uniform(0.0, n / rate - length, stretches):
            noise[int(time * rate) : int((time + length) * rate)] = np.nan
    return noise


def segment_series(plan: Plan, index: int, motions: dict[str, list[Motion]]) -> list[gwf.Series]:
    """Compute all auxiliary channels of a segment, as its frame contains them."""
    segment = plan.segments[index]
    white = frames.white_glitches(plan, index)
    series = []
    for name, channel in CHANNELS.items():
        values: Float | None
        if name in HEARS_STRAIN:
            values = hearing(plan, index, name, white)
        elif name in CORRELATED:
            values = _copy(plan, index, name, motions=motions.get(CORRELATED[name], []))
        else:
            values = samples(plan, index, name, motions=motions.get(name, []))
        if values is None:
            continue
        # an oscillator's 79 MHz need more digits than float32 has
        stored = values if channel.oscillator else values.astype(np.float32)
        rate = rate_at(plan, name, segment.start)
        series.append(gwf.Series(f"{segment.ifo}:{name}", stored, rate, channel.unit))
    reach = ranges.samples(plan, index).astype(np.float32)
    series.append(gwf.Series(f"{segment.ifo}:{ranges.CHANNEL}", reach, ranges.RATE_HZ, "Mpc"))
    return series


def write_auxiliary(*, ifo: str, out: str | Path, **arguments: Unpack[Arguments]) -> None:
    """Write the auxiliary channels of one detector into the folder `out`, one frame per segment.

    The other arguments are those of `make_plan`. Segments with unreadable strain
    have an auxiliary frame, too. The same arguments give the same bytes.

    Raises
    ------
    UserError
        When the arguments do not fit together.
    """
    plan = make_plan(**arguments)
    motions = couplings.schedule(plan, ifo)
    with files.whole_folder(out) as folder:
        for index, segment in enumerate(plan.segments):
            if segment.ifo == ifo:
                path = folder / segment.frame_name.replace("_OBS-", "_OBS_AUX-")
                gwf.write(path, segment_series(plan, index, motions), start=segment.start)


def _listed(plan: Plan, channel: Channel, prefix: str) -> dict[str, Any]:
    """Return the row of a channel in a list of channels."""
    rate: float | str = channel.rate_hz
    if channel.name == FASTER_LATER:
        rate = f"{channel.rate_hz} until GPS = {faster_from(plan)} then {2 * channel.rate_hz}"
    source, date = channel.safety_source
    return {
        "channel": f"{prefix}:{channel.name}",
        "rate_hz": rate,
        "subsystem": channel.subsystem,
        "unit": channel.unit,
        "kind": channel.kind,
        "oscillator": "yes" if channel.oscillator else "no",
        "safety": channel.safety,
        "source": source,
        "date": date,
    }


def channel_list(plan: Plan) -> pd.DataFrame:
    """Return the channel list in the format of a user's; `{ifo}` means the detector."""
    return pd.DataFrame([_listed(plan, channel, "{ifo}") for channel in CHANNELS.values()])


def _witness(plan: Plan, coupling: Coupling, ifo: str) -> dict[str, Any]:
    """Return the planted truth of one witness."""
    chosen = couplings.driven(plan, coupling, ifo)
    return {
        "class": coupling.name,
        "ifo": ifo,
        "channel": f"{ifo}:{coupling.channel}",
        "band": list(coupling.band_hz),
        "lag_s": coupling.lag_s,
        "efficiency": coupling.efficiency,
        "relation": coupling.relation,
        "group": f"{ifo}:{coupling.channel}",
        "kind": coupling.kind,
        "glitches": [injection.glitch_id for injection in chosen],
        "false_alarms_per_minute": coupling.false_per_minute,
    }


def _fringes(plan: Plan, coupling: Coupling, ifo: str) -> dict[str, Any]:
    """Return the fringes of each driven glitch: top of the lowest arch, reflections, middle, duration."""
    fringes = {}
    for injection in couplings.driven(plan, coupling, ifo):
        arch = couplings.arch_of(plan, injection)
        fringes[injection.glitch_id] = {
            "channel": f"{ifo}:{coupling.channel}",
            "lowest_hz": round(arch.lowest_hz, 4),
            "reflections": arch.reflections,
            "centre_time": round(injection.time + arch.centre_s, 5),
            "duration_s": round(arch.duration_s, 5),
        }
    return fringes


def _decoys(ifo: str) -> list[dict[str, Any]]:
    """List the decoys of one detector with their kind."""
    kinds: dict[str, str] = {
        **dict.fromkeys(DRIFTING, "common_drift"),
        **dict.fromkeys(DAY_NIGHT, "day_night"),
        **dict.fromkeys(BURSTY, "bursty"),
        **dict.fromkeys(HEARS_STRAIN, "unsafe"),
        **dict.fromkeys(DEAD, "dead"),
        **dict.fromkeys(WITH_NAN, "nan"),
        WITH_GAPS: "gaps",
        FASTER_LATER: "rate_change",
        MISSING: "missing",
    }
    decoys: list[dict[str, Any]] = [
        {"channel": f"{ifo}:{name}", "kind": kind} for name, kind in kinds.items()
    ]
    for name, of in CORRELATED.items():
        decoys.append({"channel": f"{ifo}:{name}", "kind": "correlated", "group": f"{ifo}:{of}"})
    return decoys


def truth(plan: Plan, detectors: list[str]) -> dict[str, Any]:
    """Return all that is planted in the auxiliary channels.

    Returns
    -------
    dict
        `channels`, `witnesses`, `fringes` (by glitch), `drivers`, `decoys`, `slow_drivers`, and
        `families_without_witness` as (class, ifo).
    """
    names = ("channels", "witnesses", "decoys", "slow_drivers", "drivers")
    planted: dict[str, Any] = {name: [] for name in names} | {"fringes": {}}
    for ifo in detectors:
        for channel in CHANNELS.values():
            row = _listed(plan, channel, ifo)
            row["safety_source"], row["safety_date"] = row.pop("source"), row.pop("date")
            note = row["rate_hz"] if channel.name == FASTER_LATER else ""
            planted["channels"].append(
                {**row, "rate_hz": channel.rate_hz, "rate_note": note, "oscillator": channel.oscillator}
            )
        for coupling in couplings.couplings_of(ifo):
            planted["witnesses"].append(_witness(plan, coupling, ifo))
            if coupling.kind == "fringe":
                planted["fringes"].update(_fringes(plan, coupling, ifo))
        planted["drivers"] += couplings.drivers_of(ifo)
        planted["decoys"] += _decoys(ifo)
        planted["slow_drivers"] += [
            {"class": name, "ifo": ifo, "channel": f"{ifo}:{channel}", "band": list(band)}
            for name, channel, band in SLOW_DRIVERS
        ]
    planted["families_without_witness"] = [
        {"class": name, "ifo": ifo} for ifo in detectors for name in couplings.classes_without(ifo)
    ]
    return planted
