"""A simulated month of counts and minute trends, without strain, for tests of the rate models."""
