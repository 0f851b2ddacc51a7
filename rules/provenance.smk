# Provenance of the results. The record is written again when anything in it has changed.
NAMED_FILES = {
    "source.paths": config["source"]["paths"],
    "source.metadata": config["source"]["metadata"],
    "segments.files": config["segments"]["files"],
    "events.files": config["events"]["files"],
    "coupling.channels": config["coupling"]["channels"],
    "coupling.safety": config["coupling"]["safety"],
    "coupling.triggers, coupling.flags, coupling.trends": study.auxiliary_paths(),
    "families.file": [config["families"]["file"]] if config["families"]["file"] else [],
    "families.compare": [config["families"]["compare"]] if COMPARE else [],
    "map.reference": [config["map"]["reference"]] if config["map"]["reference"] else [],
}
STUDY_FILES = sum(
    (paths for key, paths in NAMED_FILES.items() if not key.startswith("source.")), []
)


rule provenance:
    input:
        files=plainly(
            lambda wildcards: study.source_files()
            + study.without_folders(user_files(STUDY_FILES))
        ),
        tables=[
            rules.catalog.output,
            "results/catalog/segments.parquet",
            "results/catalog/events.parquet",
            "results/catalog/quarantine.parquet",
            rules.map.input,
            [path for path in rules.audit.input if path.endswith(".parquet")],
            rules.similar_neighbours.output if MAPPED else [],
            rules.gather_witnesses.output if WITNESSES else [],
            rules.gather_coincidences.output if TRIGGERS else [],
            rules.gather_drivers.output if WITNESSES and COSTED else [],
            rules.cost.output if COSTED else [],
            rules.validate_observatory.output if VALIDATED else [],
        ],
        encoder="results/map/encoder.json" if MAPPED else [],
        used=shards("results/embeddings/{shard}.json") if MAPPED else [],
    output:
        record="results/provenance.json",
    log:
        "results/logs/provenance.log",
    benchmark:
        "results/benchmarks/provenance.tsv"
    localrule: True
    conda:
        "../envs/conda.yaml"
    threads: 1
    resources:
        **needs(mem_mb=1000, runtime=30),
    params:
        # Braces in the config are not wildcards of the rule.
        config=lambda wildcards: config,
        files=lambda wildcards: NAMED_FILES,
        shipped=digests(sum(NAMED_FILES.values(), [])),
        listing=lambda wildcards: listing(
            config["source"]["paths"] + study.auxiliary_paths()
        ),
        codes=lambda wildcards: {
            path.stem: fingerprints(path.stem)
            for path in sorted(BASE.glob("scripts/*.py"))
        },
        lock=shipped("envs/lock.txt"),
        code=code("provenance"),
    script:
        "../scripts/provenance.py"


# On request only: an RO-Crate has a date.
rule crate:
    input:
        record=rules.provenance.output.record,
    output:
        crate="results/ro-crate-metadata.json",
    log:
        "results/logs/crate.log",
    benchmark:
        "results/benchmarks/crate.tsv"
    localrule: True
    conda:
        "../envs/conda.yaml"
    threads: 1
    resources:
        **needs(mem_mb=1000, runtime=10),
    params:
        code=code("crate"),
    script:
        "../scripts/crate.py"
