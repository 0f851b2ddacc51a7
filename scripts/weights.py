"""Download torchvision's weights of a backbone and verify their hash."""

from glitch_explorer.core.job import logged
from glitch_explorer.sources.weights import fetch_imagenet_weights, weights_url

if __name__ == "__main__":
    with logged(snakemake.log[0]):
        url = weights_url(snakemake.wildcards.backbone)
        fetch_imagenet_weights(snakemake.output.weights, url=url)
