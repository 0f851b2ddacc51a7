"""Signal-like events: compact binaries in whitened data."""

import lal
import lalsimulation
import numpy as np

from glitch_explorer.observatory.noise import Level, design_asd
from glitch_explorer.observatory.shapes import unit
from glitch_explorer.observatory.waveforms import HALF_LENGTH_S

#: The signal begins at this frequency, Hz.
START_HZ = 20.0


def chirp(masses: tuple[float, float], *, rate: int) -> np.ndarray:
    """Compute the chirp of a binary (IMRPhenomD; Khan et al. 2016), whitened with the design curve.

    Parameters
    ----------
    masses : tuple of float
        Component masses, solar masses, in the detector's frame.
    rate : int
        Sample rate, Hz.

    Returns
    -------
    array (n,)
        The wave, of unit L2 norm, coalescence at its middle sample.
    """
    n = round(2 * HALF_LENGTH_S * rate)
    step = rate / n
    plus, _ = lalsimulation.SimInspiralChooseFDWaveform(
        masses[0] * lal.MSUN_SI, masses[1] * lal.MSUN_SI,
        0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 400e6 * lal.PC_SI, 0.0, 0.0, 0.0, 0.0, 0.0,
        step, START_HZ, 0.5 * rate, START_HZ, lal.CreateDict(), lalsimulation.IMRPhenomD,
    )  # fmt: skip
    frequency = np.fft.rfftfreq(n, 1.0 / rate)
    spectrum = np.zeros(len(frequency), complex)
    values = np.asarray(plus.data.data)[: len(frequency)]
    spectrum[: len(values)] = values
    spectrum[1:] /= design_asd(frequency[1:], Level(1.0, 1.0))
    # Coalescence is at time 0: bring it to the middle.
    spectrum *= np.exp(-2j * np.pi * frequency * HALF_LENGTH_S)
    return unit(np.fft.irfft(spectrum, n))
