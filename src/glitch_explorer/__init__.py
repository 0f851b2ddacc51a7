"""From a list of glitches in gravitational-wave data to families on a map."""

from importlib.metadata import PackageNotFoundError, version

try:
    __version__ = version("glitch-explorer")
except PackageNotFoundError:  # a source tree that was not installed
    __version__ = "0+unknown"
