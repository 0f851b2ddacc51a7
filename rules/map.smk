# One neighbour graph, two layouts, the families. Global: computed again when any vector changes.
ON_GPU = config["map"]["engine"] == "cuml"


rule map_graph:
    input:
        # Refuses a study whose families come from labels or a file.
        asked=plainly(lambda wildcards: study.check_map() or []),
        shards=shards("results/catalog/shards/{shard}.parquet"),
        embeddings=shards("results/embeddings/{shard}.npy"),
        status=shards("results/views/{shard}.parquet"),
        # Too many quarantined rows stop the run before the map.
        quarantine=shards("results/views/{shard}.quarantine.parquet"),
    output:
        rows="results/map/rows.parquet",
        vectors="results/map/vectors.npy",
        neighbours="results/map/neighbours.npz",
    log:
        "results/logs/map_graph.log",
    benchmark:
        "results/benchmarks/map_graph.tsv"
    priority: MAP_FIRST
    conda:
        "../envs/conda.yaml"
    threads: 16
    resources:
        **needs(mem_mb=3000, runtime=240, times_input=3),
    params:
        unit=config["unit"],
        n_neighbors=config["map"]["n_neighbors"],
        seed=config["map"]["seed"],
        code=code("map_graph"),
    script:
        "../scripts/map_graph.py"


# The encoder of the vectors: queries and new glitches from another one are refused.
rule map_encoder:
    input:
        weights=weights_file,
    output:
        encoder="results/map/encoder.json",
    log:
        "results/logs/map_encoder.log",
    benchmark:
        "results/benchmarks/map_encoder.tsv"
    priority: MAP_FIRST
    localrule: True
    conda:
        "../envs/conda.yaml"
    threads: 1
    resources:
        **needs(mem_mb=1000, runtime=10),
    params:
        unit=config["unit"],
        views=config["views"],
        backbone=config["embedding"]["backbone"],
        weights=config["embedding"]["weights"],
        weights_digest=weights_digest(config["embedding"]),
        code=code("map_encoder"),
    script:
        "../scripts/map_encoder.py"


rule map_layout:
    input:
        rows=rules.map_graph.output.rows,
        vectors=rules.map_graph.output.vectors,
        neighbours=rules.map_graph.output.neighbours,
    output:
        coordinates="results/map/coordinates.parquet",
        layout="results/map/layout.npy",
    log:
        "results/logs/map_layout.log",
    benchmark:
        "results/benchmarks/map_layout.tsv"
    priority: MAP_FIRST
    conda:
        "../envs/conda.yaml"
    threads: 16
    resources:
        **needs(mem_mb=3000, runtime=240, gpu=ON_GPU, times_input=3),
    params:
        n_components=config["map"]["n_components"],
        min_dist=config["map"]["min_dist"],
        seed=config["map"]["seed"],
        engine=config["map"]["engine"],
        code=code("map_layout"),
    script:
        "../scripts/map_layout.py"


# Member files are written beside the declared outputs, and only where their content changed: they are the
# only catalogue input of a family's jobs.
checkpoint map_families:
    input:
        glitches="results/catalog/glitches.parquet",
        segments="results/catalog/segments.parquet",
        rows=rules.map_graph.output.rows,
        vectors=rules.map_graph.output.vectors,
        neighbours=rules.map_graph.output.neighbours,
        coordinates=rules.map_layout.output.coordinates,
        layout=rules.map_layout.output.layout,
        reference=config["map"]["reference"] or [],
    output:
        families="results/map/families.parquet",
        ids="results/map/family_ids.parquet",
        tree="results/map/condensed_tree.npz",
        quality="results/map/quality.parquet",
    log:
        "results/logs/map_families.log",
    benchmark:
        "results/benchmarks/map_families.tsv"
    priority: MAP_FIRST
    conda:
        "../envs/conda.yaml"
    threads: 1
    resources:
        **needs(mem_mb=3000, runtime=120, gpu=ON_GPU, times_input=3),
    params:
        min_cluster_size=config["map"]["min_cluster_size"],
        min_samples=config["map"]["min_samples"],
        cluster_selection=config["map"]["cluster_selection"],
        seed=config["map"]["seed"],
        engine=config["map"]["engine"],
        code=code("map_families"),
    script:
        "../scripts/map_families.py"


# In place of the map's: each label of the catalogue, or each family in a file. The same tables and members.
checkpoint group_families:
    input:
        glitches="results/catalog/glitches.parquet",
        duplicates="results/catalog/duplicates.parquet",
        segments="results/catalog/segments.parquet",
        file=config["families"]["file"] or [],
        reference=config["map"]["reference"] or [],
    output:
        families="results/map/families.parquet",
        ids="results/map/family_ids.parquet",
        names="results/map/family_names.parquet",
        unions="results/map/unions.parquet",
    log:
        "results/logs/group_families.log",
    benchmark:
        "results/benchmarks/group_families.tsv"
    conda:
        "../envs/conda.yaml"
    threads: 1
    resources:
        **needs(mem_mb=3000, runtime=60),
    params:
        **{
            key: config["families"][key]
            for key in ("confidence", "labels", "min_size", "unions", "tolerance_s")
        },
        code=code("group_families"),
    script:
        "../scripts/group_families.py"


if MAPPED:

    ruleorder: map_families > group_families

else:

    ruleorder: group_families > map_families


rule map_stability:
    input:
        rows=rules.map_graph.output.rows,
        vectors=rules.map_graph.output.vectors,
        neighbours=rules.map_graph.output.neighbours,
        families="results/map/families.parquet",
    output:
        stability="results/map/stability.parquet",
    log:
        "results/logs/map_stability.log",
    benchmark:
        "results/benchmarks/map_stability.tsv"
    priority: MAP_FIRST
    conda:
        "../envs/conda.yaml"
    threads: half_the_cores  # else it waits until no coupling runs
    resources:
        **needs(mem_mb=3000, runtime=480, gpu=ON_GPU, times_input=2, each_thread=0.5),
    params:
        n_components=config["map"]["n_components"],
        min_cluster_size=config["map"]["min_cluster_size"],
        min_samples=config["map"]["min_samples"],
        cluster_selection=config["map"]["cluster_selection"],
        stability_runs=config["map"]["stability_runs"],
        seed=config["map"]["seed"],
        engine=config["map"]["engine"],
        code=code("map_stability"),
    script:
        "../scripts/map_stability.py"


MAP = [
    "results/map/coordinates.parquet",
    "results/map/families.parquet",
    "results/map/quality.parquet",
    "results/map/stability.parquet",
    "results/map/encoder.json",
]


rule map:
    input:
        MAP if MAPPED else rules.group_families.output,
        rules.gather_quarantine.output,


# Writes outside results/, on request only: no rule reads an earlier output of itself.
rule freeze_reference:
    input:
        families="results/map/families.parquet",
    log:
        "results/logs/freeze_reference.log",
    benchmark:
        "results/benchmarks/freeze_reference.tsv"
    localrule: True
    conda:
        "../envs/conda.yaml"
    threads: 1
    resources:
        **needs(mem_mb=1000, runtime=10),
    params:
        reference=config["map"]["reference"] or "reference/families.parquet",
        code=code("freeze_reference"),
    script:
        "../scripts/freeze_reference.py"
