"""The detectors that exist."""

#: Prefixes of the detectors (LIGO-T010110, LALDetectors.h).
DETECTORS = frozenset({"C1", "E1", "E2", "E3", "G1", "H1", "H2", "I1", "K1", "L1", "T1", "V0", "V1"})
