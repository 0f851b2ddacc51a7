# Vectors of the views, one job per shard, on a GPU where there is one.
rule embed_shard:
    input:
        views="results/views/{shard}.npy",
        status="results/views/{shard}.parquet",
        weights=weights_file,
    output:
        embeddings="results/embeddings/{shard}.npy",
        used="results/embeddings/{shard}.json",
    log:
        "results/logs/embed_shard/{shard}.log",
    benchmark:
        "results/benchmarks/embed_shard/{shard}.tsv"
    priority: MAP_FIRST
    retries: 2
    conda:
        "../envs/conda.yaml"
    threads: 1
    resources:
        **needs(mem_mb=4000, runtime=120, gpu=True),
    params:
        **config["embedding"],
        weights_digest=weights_digest(config["embedding"]),
        code=code("embed_shard"),
    script:
        "../scripts/embed_shard.py"


rule embed:
    input:
        shards("results/embeddings/{shard}.npy"),
