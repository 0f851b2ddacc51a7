"""The simulated observatory: real files with a planted truth.

`plan_observatory` writes a catalogue, segments, events and the truth; `write_frames`
writes the strain of one detector. Both are pure functions of the same arguments.
Auxiliary channels are further channels of the same plan.
"""

from glitch_explorer.observatory.auxiliary import write_auxiliary
from glitch_explorer.observatory.catalog import plan_observatory
from glitch_explorer.observatory.frames import write_frames

__all__ = ["plan_observatory", "write_auxiliary", "write_frames"]
