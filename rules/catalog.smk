# One table of glitches, whatever the source, divided into shards.
# The tables of shards are written beside the declared outputs, and only where their content changed: more
# glitches leave finished shards, and the jobs behind them, as they are.
checkpoint catalog:
    input:
        files=plainly(lambda wildcards: study.source_files()),
        segments=rules.segments.output.segments,
        events=rules.events.output.events,
    output:
        glitches="results/catalog/glitches.parquet",
        duplicates="results/catalog/duplicates.parquet",
        quarantine="results/catalog/parts/catalog.parquet",
        shards="results/catalog/shards.txt",
    log:
        "results/logs/catalog.log",
    benchmark:
        "results/benchmarks/catalog.tsv"
    conda:
        "../envs/conda.yaml"
    threads: 1
    resources:
        **needs(mem_mb=4000, runtime=60),
    params:
        **config["source"],
        listing=lambda wildcards: listing(config["source"]["paths"]),
        detectors=config["detectors"],
        strain=lambda wildcards: config["strain"]["channel"],
        unit=config["unit"],
        shard_length_s=config["shards"]["length_s"],
        max_quarantined_share=config["limits"]["quarantined_share"],
        code=code("catalog"),
    script:
        "../scripts/catalog.py"


# It fails when too many rows are in quarantine. The map checks the views' quarantine itself: if the job behind
# an `ancient` input runs again, Snakemake overlooks all other changes downstream.
rule gather_quarantine:
    input:
        glitches=rules.catalog.output.glitches,
        catalog=rules.catalog.output.quarantine,
        views=shards("results/views/{shard}.quarantine.parquet") if MAPPED else [],
    output:
        quarantine="results/catalog/quarantine.parquet",
    log:
        "results/logs/gather_quarantine.log",
    benchmark:
        "results/benchmarks/gather_quarantine.tsv"
    localrule: True
    conda:
        "../envs/conda.yaml"
    threads: 1
    resources:
        **needs(mem_mb=2000, runtime=20),
    params:
        max_share=config["limits"]["quarantined_share"],
        code=code("gather_quarantine"),
    script:
        "../scripts/gather_quarantine.py"
