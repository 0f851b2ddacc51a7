"""Whitening of strain by a truncated inverse spectrum, in the frequency domain.

The definition is that of gwpy's `TimeSeries.whiten` with its defaults: a median of 2 s
periodograms, the inverse amplitude spectrum truncated to a filter of 2 s, both ends of
the data tapered by half of that. The result is a spectrum, never a time series.
"""

import torch

#: Length of the periodograms and of the whitening filter, in seconds.
FILTER_SECONDS = 2
#: Sample rate in Hz to which the whitened spectrum is cut or padded; the highest tile
#: (2048 Hz at the lowest Q) ends at 3250 Hz, below the Nyquist frequency.
RATE = 8192
#: Length in seconds on which the filter is designed before it is truncated to 2 s.
DESIGN_SECONDS = 16
#: Points at either end of the spectrum that gwpy tapers.
_EDGE = 5


def median(values: torch.Tensor) -> torch.Tensor:
    """Return the median along the last axis: of an even number, the mean of the middle two."""
    n = values.shape[-1]
    low = values.kthvalue((n + 1) // 2, dim=-1).values
    return low if n % 2 else (low + values.kthvalue(n // 2 + 1, dim=-1).values) / 2


def _hann(n: int, device: torch.device) -> torch.Tensor:
    """Return a periodic Hann window of `n` samples."""
    return torch.hann_window(n, dtype=torch.float64, device=device)


def median_psd(strain: torch.Tensor, *, sample_rate: int) -> torch.Tensor:
    """Return the median of half-overlapping 2 s periodograms, up to a constant factor.

    Parameters
    ----------
    strain
        Float64 `(b, n)`, without its mean. gwpy subtracts the mean of each piece, too,
        which matters below 1 Hz only.
    sample_rate
        In Hz.

    Returns
    -------
    torch.Tensor
        Float64 `(b, f)` at steps of 0.5 Hz, up to 4096 Hz or the Nyquist frequency.
    """
    n = FILTER_SECONDS * sample_rate
    pieces = strain.unfold(-1, n, n // 2) * _hann(n, strain.device)
    spectra = torch.fft.rfft(pieces)[..., : FILTER_SECONDS * RATE // 2 + 1].transpose(-1, -2)
    power = spectra.real.square().add_(spectra.imag.square())
    psd = median(power.contiguous())
    psd[..., 1:] *= 2  # one-sided, except at zero frequency
    return psd


def whitening_response(psd: torch.Tensor, *, seconds: int) -> torch.Tensor:
    """Return the frequency response of the 2 s whitening filter, real because it has no delay.

    gwpy designs the filter on as many points as the data have; 16 s, eight times the
    filter's length, give the same filter.

    Parameters
    ----------
    psd
        Float64 `(b, f)` at steps of 0.5 Hz.
    seconds
        Length of the data to filter.

    Returns
    -------
    torch.Tensor
        Float32 `(b, k)` at steps of 1 / `seconds`, 0 where the spectrum is 0.
    """
    asd = psd.sqrt()
    finer = DESIGN_SECONDS // FILTER_SECONDS
    n = (asd.shape[-1] - 1) * finer + 1
    asd = torch.nn.functional.interpolate(asd[:, None], size=n, mode="linear", align_corners=True)[:, 0]
    inverse = torch.where(asd > 0, 1 / asd, 0)
    edge = _hann(2 * _EDGE, psd.device)[:_EDGE]
    inverse[..., :_EDGE] *= edge
    inverse[..., -_EDGE:] *= edge.flip(0)
    impulse = torch.fft.irfft(inverse)
    half = FILTER_SECONDS * (impulse.shape[-1] // DESIGN_SECONDS) // 2
    window = _hann(2 * half, psd.device)
    late, early = impulse[..., :half] * window[half:], impulse[..., -half:] * window[:half]
    gap = late.new_zeros((*late.shape[:-1], (n - 1) * 2 // DESIGN_SECONDS * seconds - 2 * half))
    scale = late.abs().amax(-1, keepdim=True)
    padded = torch.cat([late, gap, early], dim=-1) / torch.where(scale > 0, scale, 1)
    response: torch.Tensor = torch.fft.rfft(padded.to(torch.float32)).real
    return response


def whitened_spectrum(strain: torch.Tensor, *, sample_rate: int) -> torch.Tensor:
    """Whiten `strain` and return its spectrum.

    Parameters
    ----------
    strain
        Float64 `(b, n)`, a whole number of seconds, at least 4.
    sample_rate
        In Hz, even.

    Returns
    -------
    torch.Tensor
        Complex64 `(b, k)` at steps of one over the length, 0 to 4096 Hz, zero above
        the Nyquist frequency; all zero where `strain` is constant. Its scale is
        arbitrary.
    """
    seconds = strain.shape[-1] // sample_rate
    strain = strain - strain.mean(-1, keepdim=True)
    response = whitening_response(median_psd(strain, sample_rate=sample_rate), seconds=seconds)
    half = FILTER_SECONDS * sample_rate // 2
    window = _hann(2 * half, strain.device)
    strain[..., :half] *= window[:half]
    strain[..., -half:] *= window[half:]
    spectrum = torch.fft.rfft(strain)[..., : response.shape[-1]] * response
    scale = spectrum.abs().amax(-1, keepdim=True)
    spectrum = (spectrum / torch.where(scale > 0, scale, 1)).to(torch.complex64)
    return torch.nn.functional.pad(spectrum, (0, RATE // 2 * seconds + 1 - spectrum.shape[-1]))
