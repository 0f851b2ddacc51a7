# The glitches of the catalogue on the map of another run, which stays as it is; on request only.
rule place:
    input:
        shards=shards("results/catalog/shards/{shard}.parquet"),
        embeddings=shards("results/embeddings/{shard}.npy"),
        status=shards("results/views/{shard}.parquet"),
        # Too many quarantined rows stop the run here, too.
        quarantine=rules.gather_quarantine.output.quarantine,
        weights=weights_file,
        old=plainly(lambda wildcards: study.old_map()),
    output:
        placed="results/place/placed.parquet",
    log:
        "results/logs/place.log",
    benchmark:
        "results/benchmarks/place.tsv"
    conda:
        "../envs/conda.yaml"
    threads: 16
    resources:
        **needs(mem_mb=4000, runtime=60),
    params:
        **config["place"],
        unit=config["unit"],
        views=config["views"],
        backbone=config["embedding"]["backbone"],
        weights=config["embedding"]["weights"],
        weights_digest=weights_digest(config["embedding"]),
        code=code("place"),
    script:
        "../scripts/place.py"
