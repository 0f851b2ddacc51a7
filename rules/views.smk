# Spectrograms, decoded or Q-scanned once per shard.
rule make_views:
    input:
        shard="results/catalog/shards/{shard}.parquet",
        frames=lambda wildcards: study.frames("strain", wildcards.shard.split("-")[0]),
    output:
        views="results/views/{shard}.npy",
        status="results/views/{shard}.parquet",
        quarantine="results/views/{shard}.quarantine.parquet",
    log:
        "results/logs/make_views/{shard}.log",
    benchmark:
        "results/benchmarks/make_views/{shard}.tsv"
    priority: MAP_FIRST
    retries: 1
    conda:
        "../envs/conda.yaml"
    threads: 1
    resources:
        **needs(mem_mb=3000, runtime=120),
    params:
        **config["views"],
        strain=config["strain"],
        code=code("make_views"),
    script:
        "../scripts/make_views.py"


rule views:
    input:
        shards("results/views/{shard}.npy"),
