# Training of the encoder that ships with the project, on request only. The map does not read its output:
# `make ship_encoder` copies it into resources/encoders/.
rule train_encoder:
    output:
        weights="results/encoder/encoder.safetensors",
        training="results/encoder/training.csv",
        card="results/encoder/model_card.md",
    log:
        "results/logs/train_encoder.log",
    benchmark:
        "results/benchmarks/train_encoder.tsv"
    retries: 2
    conda:
        "../envs/conda.yaml"
    threads: 16
    resources:
        **needs(mem_mb=8000, runtime=1440, gpu=True),
    params:
        **config["encoder"],
        # Not the hash of encoder/model_card.md: a corrected sentence of the card must not repeat the training.
        code=code("train_encoder"),
    script:
        "../scripts/train_encoder.py"
