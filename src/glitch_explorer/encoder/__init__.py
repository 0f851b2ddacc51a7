"""Training of the encoder that ships with the project, on simulated glitches only.

`classes` and `generic` draw glitches, `noise` what they lie in, `bank` scans many of them,
`augment` does to the pictures what real ones suffer, `train` teaches the network. Nothing
here is needed to use the encoder.
"""

#: Classes that training never draws; the model card names them.
HELD_OUT: tuple[str, ...] = ("1400Ripples", "Helix", "Light_Modulation", "Paired_Doves")
