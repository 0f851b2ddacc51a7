# Encoders compared on labelled pictures, on request only.
COMPARED = [config["embedding"], *config["evaluate"]["encoders"]]


rule evaluate_encoder:
    input:
        weights=[
            study.weights_of(encoder)
            for encoder in COMPARED
            if study.weights_of(encoder)
        ],
    output:
        evaluation="results/evaluate/evaluation.parquet",
        confusion="results/evaluate/confusion.parquet",
        page="results/evaluate/evaluation.md",
        figure="results/evaluate/evaluation.png",
    log:
        "results/logs/evaluate_encoder.log",
    benchmark:
        "results/benchmarks/evaluate_encoder.tsv"
    retries: 1
    conda:
        "../envs/conda.yaml"
    threads: 16
    resources:
        **needs(mem_mb=4000, runtime=120, gpu=True),
    params:
        pictures=config["evaluate"]["pictures"],
        listing=lambda wildcards: listing(config["evaluate"]["pictures"]),
        encoders=[
            (encoder["backbone"], study.weights_of(encoder) or encoder["weights"])
            for encoder in COMPARED
        ],
        digests=[weights_digest(encoder) for encoder in COMPARED],
        untrained=config["evaluate"]["untrained"],
        draws=config["evaluate"]["draws"],
        seed=config["evaluate"]["seed"],
        height=config["views"]["height"],
        width=config["views"]["width"],
        precision=config["embedding"]["precision"],
        confusable="resources/taxonomy/confusable_pairs.csv",
        confusable_digest=shipped("resources/taxonomy/confusable_pairs.csv"),
        template=shipped("src/glitch_explorer/evaluate/report.md"),
        code=code("evaluate_encoder"),
    script:
        "../scripts/evaluate_encoder.py"
