# Drivers and costs of families. Models are fitted in one job per family, as its witnesses are; the cost of all
# families is one job, because two families can gate the same time.
# Searches are measured at 2048 Hz, and a BNS range ends at 1.6 kHz: GWOSC's small files are enough.
STRAIN = {
    **{
        key: config["strain"][key]
        for key in ("source", "channel", "frames", "frame_type", "host")
    },
    "sample_rate_hz": 4096 if config["strain"]["source"] == "gwosc" else None,
}
HAS_STRAIN = config["strain"]["source"] != "none"
# Source of the range: a channel of the auxiliary data, else the strain.
RANGE = STRAIN
if config["impact"]["range_channel"]:
    RANGE = {
        **{
            key: config["coupling"][key]
            for key in ("source", "frames", "frame_type", "host")
        },
        "channel": config["impact"]["range_channel"],
        "sample_rate_hz": None,
    }
# Assumptions of the cost.
ASSUMPTIONS = [
    "gate_snr",
    "gate_threshold",
    "min_gate_s",
    "false_alarm_rate_per_yr",
    "cbc_rate_per_yr",
    "seed",
]
COST = {name: config["impact"][name] for name in ASSUMPTIONS}


rule measure_range:
    input:
        glitches="results/catalog/glitches.parquet",
        segments="results/catalog/segments.parquet",
        frames=lambda wildcards: study.range_frames(wildcards.ifo),
    output:
        minutes="results/impact/minutes/{ifo}.parquet",
    log:
        "results/logs/measure_range/{ifo}.log",
    benchmark:
        "results/benchmarks/measure_range/{ifo}.tsv"
    retries: 1
    conda:
        "../envs/conda.yaml"
    threads: 1
    resources:
        **needs(mem_mb=4000, runtime=240),
    params:
        # Braces in these are filled in by the job; null is the range of the strain.
        range_channel=lambda wildcards: config["impact"]["range_channel"],
        source=lambda wildcards: RANGE,
        gates={name: COST[name] for name in ("gate_snr", "min_gate_s")},
        code=code("measure_range"),
    script:
        "../scripts/measure_range.py"


rule measure_excursions:
    input:
        glitches="results/catalog/glitches.parquet",
        segments="results/catalog/segments.parquet",
        frames=lambda wildcards: study.frames("strain", wildcards.ifo),
    output:
        excursions="results/impact/excursions/{ifo}.parquet",
    log:
        "results/logs/measure_excursions/{ifo}.log",
    benchmark:
        "results/benchmarks/measure_excursions/{ifo}.tsv"
    retries: 1
    conda:
        "../envs/conda.yaml"
    threads: 1
    resources:
        **needs(mem_mb=4000, runtime=240),
    params:
        strain=lambda wildcards: STRAIN,
        gates={name: COST[name] for name in ("gate_threshold", "min_gate_s")},
        code=code("measure_excursions"),
    script:
        "../scripts/measure_excursions.py"


rule explain_family:
    input:
        members=members,
        segments="results/catalog/segments.parquet",
        witnesses="results/coupling/{family}/witnesses.parquet",
        lists=user_files(config["coupling"]["channels"]),
        safety=config["coupling"]["safety"],
        frames=auxiliary,
    output:
        skill="results/impact/{family}/skill.parquet",
        drivers="results/impact/{family}/drivers.parquet",
        values="results/impact/{family}/shap_values.parquet",
        features="results/impact/{family}/shap_features.parquet",
        precursors="results/impact/{family}/precursor_skill.parquet",
        vetoes="results/impact/{family}/vetoes.parquet",
        veto_files=directory("results/impact/{family}/vetoes"),
    log:
        "results/logs/explain_family/{family}.log",
    benchmark:
        "results/benchmarks/explain_family/{family}.tsv"
    wildcard_constraints:
        family=r"F\d+",
    retries: 1
    conda:
        "../envs/conda.yaml"
    threads: 1
    resources:
        **needs(mem_mb=4000, runtime=240),
    params:
        **CHANNEL_SOURCE,
        settings={
            "max_glitches": config["coupling"]["max_glitches"],
            "seed": config["impact"]["seed"],
        },
        code=code("explain_family"),
    script:
        "../scripts/explain_family.py"


rule gather_drivers:
    input:
        families="results/map/families.parquet",
        skill=families("results/impact/{family}/skill.parquet"),
        drivers=families("results/impact/{family}/drivers.parquet"),
        values=families("results/impact/{family}/shap_values.parquet"),
        groups=expand(rules.couple_detector.output.groups, ifo=config["detectors"]),
    output:
        skill="results/impact/skill.parquet",
        drivers="results/impact/drivers.parquet",
    log:
        "results/logs/gather_drivers.log",
    benchmark:
        "results/benchmarks/gather_drivers.tsv"
    localrule: True
    conda:
        "../envs/conda.yaml"
    threads: 1
    resources:
        **needs(mem_mb=2000, runtime=30),
    params:
        code=code("gather_drivers"),
    script:
        "../scripts/gather_drivers.py"


rule cost:
    input:
        glitches="results/catalog/glitches.parquet",
        families="results/map/families.parquet",
        segments="results/catalog/segments.parquet",
        minutes=expand(rules.measure_range.output.minutes, ifo=config["detectors"]),
        excursions=(
            expand(rules.measure_excursions.output.excursions, ifo=config["detectors"])
            if HAS_STRAIN
            else []
        ),
        witnesses=[rules.gather_witnesses.output.witnesses] if WITNESSES else [],
        coincidences=(
            [rules.gather_coincidences.output.coincidences] if TRIGGERS else []
        ),
    output:
        cost="results/impact/cost.parquet",
        by_detector="results/impact/cost_by_detector.parquet",
        recoverable="results/impact/recoverable.parquet",
        by_day="results/impact/cost_by_day.parquet",
        stability="results/impact/rank_stability.parquet",
        table="results/impact/cost.csv",
        report="results/impact/cost.json",
    log:
        "results/logs/cost.log",
    benchmark:
        "results/benchmarks/cost.tsv"
    conda:
        "../envs/conda.yaml"
    threads: 1
    resources:
        **needs(mem_mb=4000, runtime=60),
    params:
        cost=COST,
        code=code("cost"),
    script:
        "../scripts/cost.py"


rule impact_pages:
    input:
        cost=rules.cost.output.cost,
        by_detector=rules.cost.output.by_detector,
        recoverable=rules.cost.output.recoverable,
        by_day=rules.cost.output.by_day,
        stability=rules.cost.output.stability,
        table=rules.cost.output.table,
        report=rules.cost.output.report,
        audited="results/audit/families.parquet",
        unions="results/map/unions.parquet" if not MAPPED else [],
        skill=rules.gather_drivers.output.skill if WITNESSES else [],
        drivers=rules.gather_drivers.output.drivers if WITNESSES else [],
        values=(
            families("results/impact/{family}/shap_values.parquet")
            if WITNESSES
            else []
        ),
        models=(
            families(
                "results/impact/{family}/shap_features.parquet",
                "results/impact/{family}/precursor_skill.parquet",
                "results/impact/{family}/vetoes.parquet",
                "results/impact/{family}/vetoes",
            )
            if WITNESSES
            else []
        ),
    output:
        pages=directory("results/impact/pages"),
        page="results/site/cost.html",
        assets=directory("results/site/cost"),
        vetoes=directory("results/site/vetoes"),
        figure=report(
            "results/figures/cost_ranking.png",
            category="Cost",
            caption="../report/cost_ranking.rst",
        ),
    log:
        "results/logs/impact_pages.log",
    benchmark:
        "results/benchmarks/impact_pages.tsv"
    conda:
        "../envs/conda.yaml"
    threads: 1
    resources:
        **needs(mem_mb=3000, runtime=60),
    params:
        dpi=config["figures"]["dpi"],
        witnesses=WITNESSES or TRIGGERS,
        page_files=page_files("cost"),
        code=code("impact_pages"),
    script:
        "../scripts/impact_pages.py"


rule impact:
    input:
        rules.gather_quarantine.output,
        rules.cost.output,
        rules.gather_drivers.output if WITNESSES else [],
        rules.impact_pages.output,
