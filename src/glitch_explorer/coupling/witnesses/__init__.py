"""Witness statistics: time slides, pseudo-families, effects, lags, slow drivers, scattered light."""
