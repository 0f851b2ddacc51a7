"""Auxiliary channels: lists, bands, fetching, the feature store, features of live time."""
