"""What the Snakefile needs: a checked config and fingerprints of code. No science."""
