"""Sources from outside: downloads, weights, strain, live time and known events."""

#: Weights that are fetched, by their name in the config and in torchvision.
IMAGENET = "IMAGENET1K_V1"
