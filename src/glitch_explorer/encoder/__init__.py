"""Training of the encoder that ships with the project, on simulated glitches only.

`classes` and `generic` draw glitches, `noise` draws their noise, `bank` Q-scans many of them,
`augment` varies the views as real pictures vary, `train` trains the network. Nothing here is
needed to use the encoder.
"""

#: Classes that are never drawn in training; the model card lists them.
HELD_OUT: tuple[str, ...] = ("1400Ripples", "Helix", "Light_Modulation", "Paired_Doves")
