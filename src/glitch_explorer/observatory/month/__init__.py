"""A simulated month of counts and minute trends, without strain, in which slow drivers can be told."""
