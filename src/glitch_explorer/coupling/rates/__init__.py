"""Rate models of slow drivers: counts per minute against the level of a channel, within blocks of days."""
