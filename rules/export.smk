# The map for other programs, on request only.
rule export_embedding_atlas:
    input:
        glitches="results/catalog/glitches.parquet",
        families="results/map/families.parquet",
        coordinates="results/map/coordinates.parquet",
        neighbours="results/similar/neighbours.parquet",
        suspects="results/audit/suspects.parquet",
    output:
        table="results/export/embedding_atlas.parquet",
    log:
        "results/logs/export_embedding_atlas.log",
    benchmark:
        "results/benchmarks/export_embedding_atlas.tsv"
    conda:
        "../envs/conda.yaml"
    threads: 1
    resources:
        **needs(mem_mb=3000, runtime=30),
    params:
        code=code("export_embedding_atlas"),
    script:
        "../scripts/export_embedding_atlas.py"
