# Planted answers against found ones: simulated observatory only.
rule validate_observatory:
    input:
        truth=rules.plan_observatory.output.truth,
        catalog="results/catalog/glitches.parquet",
        duplicates="results/catalog/duplicates.parquet",
        quarantine="results/catalog/quarantine.parquet",
        families="results/map/families.parquet",
        stability="results/map/stability.parquet",
        probe="results/audit/probe.parquet",
        suspects="results/audit/suspects.parquet",
        leakage="results/audit/leakage.parquet",
        relabel="results/audit/relabel.parquet",
    output:
        report="results/validate/validation.json",
        table=report(
            "results/validate/validation.md",
            category="Validation",
            caption="../report/validation.rst",
        ),
    log:
        "results/logs/validate_observatory.log",
    benchmark:
        "results/benchmarks/validate_observatory.tsv"
    conda:
        "../envs/validate.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=20,
    params:
        code=code("validate_observatory"),
    script:
        "../scripts/validate_observatory.py"


rule validate:
    input:
        rules.validate_observatory.output,
