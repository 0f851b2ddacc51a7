"""The planted witnesses: which auxiliary channel moves with which class of glitch, at which lag, and how.

A witness moves with only a share of its class's glitches, and sometimes without any.
The sources of the relations are those of the classes (`morphology`); where a class has no
known witness a plausible one was chosen, and several classes have none.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from glitch_explorer.core.arrays import Float
from glitch_explorer.observatory import ambience, waveforms
from glitch_explorer.observatory.channels import CHANNELS
from glitch_explorer.observatory.morphology import MORPHOLOGIES, UNKNOWN
from glitch_explorer.observatory.plan import Injection, Plan, shape_stream, stream
from glitch_explorer.observatory.shapes import band_noise, bell, log_uniform, track
from glitch_explorer.observatory.slots import Segment

#: Wavelength of the laser, um.
WAVELENGTH_UM = 1.064
#: The voltage-controlled oscillator, and the fixed one that it beats with, Hz.
VCO = "SYS-TIMING_C_FO_A_PORT_11_SLAVE_CFC_FREQUENCY_5"
FIXED = "SYS-TIMING_C_FO_A_PORT_11_SLAVE_CFC_FREQUENCY_4"
FIXED_HZ = 79_225_000.0
#: One half of the interaction: it moves often, and makes a glitch only together with the other half.
FAN = "PEM-CS_MIC_LVEA_BS_DQ"
#: Scatter of the size of a motion, nepers.
SIZE_SCATTER = 0.4
#: Nothing is planted closer than this to an end of a segment, s.
EDGE_S = 3.0
#: The halves of an interaction do not move without a glitch closer than this to each other, s.
APART_S = 4.0

_DRIVEN, _FALSE, _MOTION = range(210, 213)


@dataclass(frozen=True)
class Coupling:
    """One planted witness; `ifo` is None where every detector has it."""

    name: str
    channel: str
    ifo: str | None
    kind: str
    band_hz: tuple[float, float]
    lag_s: float
    efficiency: float
    #: Usual size, over the channel's usual RMS in the band.
    size: float
    false_per_minute: float
    #: Channel without whose motion this one's makes no glitch, and the other way round.
    needs: str = ""

    @property
    def relation(self) -> str:
        """Whether the channel leads or moves together with the glitch."""
        return "leads" if self.lag_s < 0.0 else "co-moves"


@dataclass(frozen=True)
class Motion:
    """One motion of a witness, with the glitch that it belongs to or with none."""

    coupling: Coupling
    segment: int
    #: GPS time around which the channel moves, s.
    time: float
    glitch: Injection | None
    number: int


COUPLINGS: tuple[Coupling, ...] = tuple(
    Coupling(*row)
    for row in (
        ("Scattered_Light", "SUS-ETMX_R0_DAMP_L_IN1_DQ", "H1", "fringe", (0.1, 1.0), 0.0, 0.90, 1.0, 0.2),
        ("Scattered_Light", "SUS-ETMY_R0_DAMP_L_IN1_DQ", "L1", "fringe", (0.1, 1.0), 0.0, 0.90, 1.0, 0.2),
        ("Fast_Scattering", "ISI-GND_STS_ETMY_Y_DQ", None, "shaking", (1.0, 6.0), 0.0, 0.85, 4.0, 0.3),
        ("Whistle", VCO, None, "beat", (0.3, 3.0), 0.0, 0.90, 1.0, 0.3),
        ("Power_Line", "PEM-CS_MAG_LVEA_VERTEX_X_DQ", None, "hum", (30.0, 100.0), 0.0, 0.90, 0.8, 0.4),
        ("Koi_Fish", "PEM-CS_ACC_BSC1_ITMY_Y_DQ", None, "thump", (10.0, 30.0), -2.0, 0.85, 3.5, 0.5),
        ("Low_Frequency_Burst", "ASC-CHARD_P_OUT_DQ", None, "ramp", (0.3, 3.0), -20.0, 0.85, 11.0, 0.3),
        ("Scratchy", "PEM-CS_ACC_HAM6_OMC_Z_DQ", None, "thump", (10.0, 30.0), 0.0, 0.85, 3.5, 0.5),
        ("Scratchy", "HPI-HAM6_BLND_L4C_Z_IN1_DQ", None, "thump", (3.0, 10.0), -4.0, 0.80, 3.5, 0.3),
        ("Tomte", "SUS-SR3_M3_OPLEV_PIT_OUT_DQ", "L1", "thump", (10.0, 30.0), 0.0, 0.85, 3.5, 0.5),
        ("Air_Compressor", "PEM-EX_MIC_VEA_PLUSX_DQ", "H1", "hum", (30.0, 100.0), 0.0, 0.90, 2.5, 0.4),
        (
            "Light_Modulation",
            "LSC-MOD_RF45_AM_CTRL_OUT_DQ",
            "H1",
            "thump",
            (30.0, 100.0),
            0.0,
            0.90,
            3.5,
            0.4,
        ),
        (UNKNOWN, "PEM-CS_ACC_BEAMTUBE_YMAN_Z_DQ", None, "motor", (100.0, 300.0), 0.0, 0.90, 2.0, 0.3),
        ("Low_Frequency_Lines", FAN, None, "thump", (10.0, 30.0), 0.0, 0.90, 3.5, 2.0),
        ("Low_Frequency_Lines", "LSC-PRCL_OUT_DQ", None, "thump", (3.0, 10.0), 0.0, 0.90, 3.5, 2.0, FAN),
    )
)


def couplings_of(ifo: str) -> list[Coupling]:
    """Return the witnesses planted in one detector."""
    return [coupling for coupling in COUPLINGS if coupling.ifo in (None, ifo)]


def driven(plan: Plan, coupling: Coupling, ifo: str) -> list[Injection]:
    """Select the glitches that the witness moves with: a share `efficiency` of its class in `ifo`.

    A motion that would lie outside the segment is left out. The two channels of an interaction move with
    the same glitches.
    """
    candidates = [
        injection for injection in plan.of(ifo) if injection.name == coupling.name and not injection.event
    ]
    rng = stream(plan.seed, _DRIVEN, *ifo.encode(), *(coupling.needs or coupling.channel).encode())
    chosen = np.sort(rng.permutation(len(candidates))[: round(coupling.efficiency * len(candidates))])
    return [
        injection
        for injection in (candidates[int(i)] for i in chosen)
        if _fits(plan, injection, coupling.lag_s)
    ]


def _fits(plan: Plan, injection: Injection, lag_s: float) -> bool:
    segment = plan.segments[injection.segment]
    return segment.start + EDGE_S <= injection.time + lag_s <= segment.end - EDGE_S


def schedule(plan: Plan, ifo: str) -> dict[str, list[Motion]]:
    """List every motion of every witness of one detector by channel, including false alarms."""
    by_channel: dict[str, list[Motion]] = {}
    for coupling in couplings_of(ifo):
        motions = by_channel.setdefault(coupling.channel, [])
        for injection in driven(plan, coupling, ifo):
            motions.append(
                Motion(
                    coupling, injection.segment, injection.time + coupling.lag_s, injection, injection.number
                )
            )
        for index, segment in enumerate(plan.segments):
            if segment.ifo != ifo:
                continue
            for k, offset in enumerate(_false_times(plan, coupling, segment)):
                number = len(plan.injections) + 1000 * segment.level_key + k
                motions.append(Motion(coupling, index, segment.start + float(offset), None, number))
    return by_channel


def _false_times(plan: Plan, coupling: Coupling, segment: Segment) -> Float:
    """Draw the times at which a witness moves without a glitch, in s from the segment's start."""
    length = segment.end - segment.start

    def drawn(channel: str) -> Float:
        rng = stream(plan.seed, _FALSE, *segment.ifo.encode(), *channel.encode(), segment.level_key)
        n = int(rng.poisson(coupling.false_per_minute * length / 60.0))
        return np.asarray(np.sort(rng.uniform(EDGE_S, length - EDGE_S, n)))

    times = drawn(coupling.channel)
    if not coupling.needs:
        return times
    away = np.abs(times[:, None] - drawn(coupling.needs)).min(axis=1, initial=np.inf)
    return np.asarray(times[away > APART_S])


def add(samples: Float, motion: Motion, plan: Plan, *, rate: int) -> None:
    """Add one motion to the `samples` (n,) of its segment, in place."""
    segment = plan.segments[motion.segment]
    offset = motion.time - segment.start
    half = HALF_LENGTH_S[motion.coupling.kind]
    first, last = max(0, int((offset - half) * rate)), min(len(samples), int((offset + half) * rate))
    t = np.arange(first, last) / rate - offset
    rng = stream(plan.seed, _MOTION, *segment.ifo.encode(), *motion.coupling.channel.encode(), motion.number)
    samples[first:last] += MOTIONS[motion.coupling.kind](t, motion, plan, rng)


def _amplitude(coupling: Coupling, rng: np.random.Generator) -> float:
    """Draw the size of a motion, in the channel's unit."""
    spectrum = ambience.SPECTRA[CHANNELS[coupling.channel].noise]
    usual = coupling.size * ambience.band_rms(spectrum, *coupling.band_hz)
    return usual * float(rng.lognormal(0.0, SIZE_SCATTER))


def _size(motion: Motion, plan: Plan, rng: np.random.Generator) -> tuple[np.random.Generator, float, float]:
    """Return frequency (Hz) and duration (s) of the glitch, or of a hypothetical one.

    They come with the generator that the shape of the glitch continues to draw from.
    """
    generator = rng if motion.glitch is None else shape_stream(plan, motion.glitch)
    return generator, *waveforms.draw_size(motion.coupling.name, generator)


def thump(t: Float, motion: Motion, _plan: Plan, rng: np.random.Generator) -> Float:
    """Draw a short burst of noise in the band."""
    low, high = motion.coupling.band_hz
    return _amplitude(motion.coupling, rng) * bell(t, 0.0, 1.5 / low) * band_noise(t, rng, low, high)


def shaking(t: Float, motion: Motion, plan: Plan, rng: np.random.Generator) -> Float:
    """Draw ground motion of some seconds, at the rate of the crowns (Soni 2021).

    Its size grows with the human activity of the segment.
    """
    size = _amplitude(motion.coupling, rng) * ambience.weather(plan, plan.segments[motion.segment]).human
    return size * bell(t, 0.0, rng.uniform(0.8, 1.4)) * band_noise(t, rng, 2.0, 4.5)


def hum(t: Float, motion: Motion, plan: Plan, rng: np.random.Generator) -> Float:
    """Draw a surge of the mains with their phase, or a nearby motor at the frequency of the glitch."""
    amplitude = np.sqrt(2.0) * _amplitude(motion.coupling, rng)
    _, frequency, _ = _size(motion, plan, rng)
    since_start = t + motion.time - plan.segments[motion.segment].start
    if motion.coupling.name == "Power_Line":
        frequency = 60.0
    phase = 2.0 * np.pi * frequency * since_start + ambience.MAINS_PHASE
    return np.asarray(amplitude * bell(t, 0.0, 0.3) * np.cos(phase))


def ramp(t: Float, motion: Motion, _plan: Plan, rng: np.random.Generator) -> Float:
    """Draw a drift that builds up over 4 s and ends abruptly."""
    rise = np.clip(1.0 + t / 4.0, 0.0, 1.0)
    sign = rng.choice([-1.0, 1.0])
    fall = np.where(t < 0.0, 1.0, np.exp(-np.clip(t, 0.0, None) / 0.1))
    return np.asarray(sign * _amplitude(motion.coupling, rng) * rise * fall)


def motor(t: Float, motion: Motion, plan: Plan, rng: np.random.Generator) -> Float:
    """Draw the motor that runs down, as the floor moves with it: the fundamental of the glitch."""
    amplitude = _amplitude(motion.coupling, rng)
    stream, frequency, duration = _size(motion, plan, rng)
    track_hz, envelope = waveforms.running_down(t, stream, frequency, duration)
    wave = track(t, track_hz, envelope, rng.uniform(0.0, 2.0 * np.pi))
    return np.asarray(np.sqrt(2.0) * amplitude * wave)


def arch_of(plan: Plan, injection: Injection) -> waveforms.Arch:
    """Draw the motion of the scatterer behind a glitch of scattered light again."""
    stream = shape_stream(plan, injection)
    return waveforms.draw_arch(stream, *waveforms.draw_size(injection.name, stream))


def fringe(t: Float, motion: Motion, plan: Plan, rng: np.random.Generator) -> Float:
    """Draw the optic's swing behind scattered light, in um: f = 2 m |v| / wavelength is its arch.

    Before and after the arch the optic swings back, with lobes that cancel the displacement.
    Without a glitch the swing is too slow to lift its light out of the noise.
    """
    if motion.glitch is None:
        _, duration = waveforms.draw_size(motion.coupling.name, rng)
        arch = waveforms.draw_arch(rng, log_uniform(rng, (5.0, 11.0)), duration)
    else:
        arch = arch_of(plan, motion.glitch)
    beyond = np.clip(np.abs(arch.phase(t)) - 0.5 * np.pi, 0.0, None)
    damping = 0.6
    back = (1.0 + damping**2) * np.sin(beyond) * np.exp(-damping * beyond)
    speed = 0.5 * WAVELENGTH_UM * arch.lowest_hz * (arch.swing(t) - back)
    moved = np.cumsum(speed) * (t[1] - t[0])
    return np.asarray(moved - np.linspace(0.0, moved[-1], len(t)))


def oscillator(t: Float, crossings: list[float], rng: np.random.Generator) -> Float:
    """Draw the frequency of the oscillator, which crosses the fixed one at `crossings` only.

    Parameters
    ----------
    t : array (n,)
        Times from the segment's start, s.
    crossings : list of float
        Times of the crossings, s.
    rng : Generator
        Source of the wandering between them.

    Returns
    -------
    array (n,)
        Hz, without jitter.
    """
    knots = rng.standard_normal(int(t[-1] / ambience.KNOTS_S) + 2)
    away = rng.choice([-1.0, 1.0]) * (6e3 + 1.5e4 * np.abs(ambience.curve(knots, t)))
    for crossing in crossings:
        away *= np.tanh((t - crossing) / rng.uniform(0.6, 1.2))
    return np.asarray(FIXED_HZ + away)


#: A function that draws a motion: times from its middle, the motion, the plan, and a source of randomness.
DrawMotion = Callable[[Float, Motion, Plan, np.random.Generator], Float]
MOTIONS: dict[str, DrawMotion] = {
    "thump": thump,
    "shaking": shaking,
    "hum": hum,
    "ramp": ramp,
    "motor": motor,
    "fringe": fringe,
}
#: Half the length of a motion's time axis, s.
HALF_LENGTH_S = {"thump": 4.0, "shaking": 6.0, "hum": 2.0, "ramp": 5.0, "motor": 4.0, "fringe": 14.0}


def drivers_of(ifo: str) -> list[dict[str, str | list[str]]]:
    """Return the drivers of each class in a detector: one channel, an independent pair, or an interaction.

    Returns
    -------
    list of dict
        `class`, `ifo`, `kind` (single, pair or interaction) and `channels`.
    """
    by_class: dict[str, list[Coupling]] = {}
    for coupling in couplings_of(ifo):
        by_class.setdefault(coupling.name, []).append(coupling)
    drivers: list[dict[str, str | list[str]]] = []
    for name, several in by_class.items():
        joint = "interaction" if any(coupling.needs for coupling in several) else "pair"
        kind = joint if len(several) > 1 else "single"
        channels = [f"{ifo}:{coupling.channel}" for coupling in several]
        drivers.append({"class": name, "ifo": ifo, "kind": kind, "channels": channels})
    return drivers


def classes_without(ifo: str) -> list[str]:
    """Return the classes without a planted witness in `ifo`."""
    witnessed = {coupling.name for coupling in couplings_of(ifo)}
    return [name for name in MORPHOLOGIES if name not in witnessed]
