# What drives a family, and what it costs. Models are a family's own job, as its witnesses are; the cost of
# all families is one job, because what one family gates another may gate too.
rule measure_range:
    input:
        glitches="results/catalog/glitches.parquet",
        segments="results/catalog/segments.parquet",
        frames=range_frames,
    output:
        minutes="results/impact/minutes/{ifo}.parquet",
    log:
        "results/logs/measure_range/{ifo}.log",
    benchmark:
        "results/benchmarks/measure_range/{ifo}.tsv"
    retries: 1
    conda:
        "../envs/impact.yaml"
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: 4000 * attempt,
        runtime=lambda wildcards, attempt: 240 * attempt,
    params:
        code=code("measure_range"),
    script:
        "../scripts/measure_range.py"
