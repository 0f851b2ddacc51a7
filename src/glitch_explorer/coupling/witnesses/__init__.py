"""Witness statistics: time slides, null families, effects, lags, slow drivers, scattered light."""
