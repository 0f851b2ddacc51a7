# Labels against families, and families against what must not shape them.
rule audit_labels:
    input:
        glitches="results/catalog/glitches.parquet",
        families="results/map/families.parquet",
        vectors="results/map/vectors.npy",
        neighbours="results/map/neighbours.npz",
        stability="results/map/stability.parquet",
    output:
        expand(
            "results/audit/{table}.parquet",
            table=[
                "families",
                "nearest_families",
                "labels",
                "quality",
                "suspects",
                "positions",
                "gradients",
                "relabel",
            ],
        ),
    log:
        "results/logs/audit_labels.log",
    benchmark:
        "results/benchmarks/audit_labels.tsv"
    priority: MAP_FIRST
    conda:
        "../envs/conda.yaml"
    threads: 1
    resources:
        **needs(mem_mb=3000, runtime=120, times_input=3),
    params:
        sections=config["audit"]["sections"],
        seed=config["audit"]["seed"],
        confusable="resources/taxonomy/confusable_pairs.csv",
        confusable_digest=shipped("resources/taxonomy/confusable_pairs.csv"),
        code=code("audit_labels"),
    script:
        "../scripts/audit_labels.py"


# Labels of families that labels or a file define; what needs vectors is left out.
rule audit_groups:
    input:
        glitches="results/catalog/glitches.parquet",
        families="results/map/families.parquet",
        unions="results/map/unions.parquet",
        names="results/map/family_names.parquet",
    output:
        families="results/audit/families.parquet",
        labels="results/audit/labels.parquet",
    log:
        "results/logs/audit_groups.log",
    benchmark:
        "results/benchmarks/audit_groups.tsv"
    conda:
        "../envs/conda.yaml"
    threads: 1
    resources:
        **needs(mem_mb=2000, runtime=30),
    params:
        code=code("audit_groups"),
    script:
        "../scripts/audit_groups.py"


if MAPPED:

    ruleorder: audit_labels > audit_groups

else:

    ruleorder: audit_groups > audit_labels


rule audit_leakage:
    input:
        glitches="results/catalog/glitches.parquet",
        families="results/map/families.parquet",
        views=shards("results/views/{shard}.parquet"),
    output:
        leakage="results/audit/leakage.parquet",
    log:
        "results/logs/audit_leakage.log",
    benchmark:
        "results/benchmarks/audit_leakage.tsv"
    priority: MAP_FIRST
    conda:
        "../envs/conda.yaml"
    threads: 1
    resources:
        **needs(mem_mb=3000, runtime=120),
    params:
        unit=config["unit"],
        permutations=config["audit"]["permutations"],
        seed=config["audit"]["seed"],
        code=code("audit_leakage"),
    script:
        "../scripts/audit_leakage.py"


rule audit_probe:
    input:
        glitches="results/catalog/glitches.parquet",
        segments="results/catalog/segments.parquet",
        families="results/map/families.parquet",
        vectors="results/map/vectors.npy",
    output:
        probe="results/audit/probe.parquet",
    log:
        "results/logs/audit_probe.log",
    benchmark:
        "results/benchmarks/audit_probe.tsv"
    conda:
        "../envs/conda.yaml"
    threads: 1
    resources:
        **needs(mem_mb=3000, runtime=120, times_input=3),
    params:
        permutations=config["audit"]["permutations"],
        seed=config["audit"]["seed"],
        code=code("audit_probe"),
    script:
        "../scripts/audit_probe.py"


# Apart from `audit_leakage`, so that the table exists when the gate stops the run.
rule leakage_gate:
    input:
        leakage=rules.audit_leakage.output.leakage,
    output:
        passed="results/audit/leakage_gate.txt",
    log:
        "results/logs/leakage_gate.log",
    benchmark:
        "results/benchmarks/leakage_gate.tsv"
    localrule: True
    conda:
        "../envs/conda.yaml"
    threads: 1
    resources:
        **needs(mem_mb=1000, runtime=5),
    params:
        code=code("leakage_gate"),
    script:
        "../scripts/leakage_gate.py"


# The families against those of a file.
rule compare_families:
    input:
        glitches="results/catalog/glitches.parquet",
        duplicates="results/catalog/duplicates.parquet",
        families="results/map/families.parquet",
        file=config["families"]["compare"] or [],
    output:
        compared="results/audit/compared_families.parquet",
        agreement="results/audit/agreement.parquet",
    log:
        "results/logs/compare_families.log",
    benchmark:
        "results/benchmarks/compare_families.tsv"
    conda:
        "../envs/conda.yaml"
    threads: 1
    resources:
        **needs(mem_mb=2000, runtime=30),
    params:
        tolerance_s=config["families"]["tolerance_s"],
        code=code("compare_families"),
    script:
        "../scripts/compare_families.py"


AUDIT = [
    rules.audit_labels.output,
    rules.audit_leakage.output,
    rules.audit_probe.output,
    rules.leakage_gate.output,
]


rule audit:
    input:
        rules.gather_quarantine.output,
        AUDIT if MAPPED else rules.audit_groups.output,
        rules.compare_families.output if COMPARE else [],
