# Planted couplings, drivers and costs, and the slow drivers of the month, against the recovered ones, for the simulated observatory only.
MONTH = bool(WITNESSES and config["observatory"]["month_days"])


rule month_rates:
    input:
        **rules.write_month.output,
    output:
        rates="results/validate/month/{ifo}.parquet",
    log:
        "results/logs/month_rates/{ifo}.log",
    benchmark:
        "results/benchmarks/month_rates/{ifo}.tsv"
    conda:
        "../envs/conda.yaml"
    threads: 1
    resources:
        **needs(mem_mb=2000, runtime=30),
    params:
        seed=config["coupling"]["seed"],
        code=code("month_rates"),
    script:
        "../scripts/month_rates.py"


rule validate_observatory:
    input:
        truth=rules.plan_observatory.output.truth,
        glitches="results/catalog/glitches.parquet",
        duplicates="results/catalog/duplicates.parquet",
        quarantine="results/catalog/quarantine.parquet",
        families="results/map/families.parquet",
        stability="results/map/stability.parquet",
        audit_families="results/audit/families.parquet",
        probe="results/audit/probe.parquet",
        suspects="results/audit/suspects.parquet",
        leakage="results/audit/leakage.parquet",
        relabel="results/audit/relabel.parquet",
        witnesses=rules.gather_witnesses.output.witnesses if WITNESSES else [],
        calibration=rules.gather_witnesses.output.calibration if WITNESSES else [],
        slow_drivers=(
            expand(rules.couple_detector.output.slow, ifo=config["detectors"])
            if WITNESSES
            else []
        ),
        scattering=(
            families("results/coupling/{family}/scattering.parquet")
            if WITNESSES
            else []
        ),
        drivers=rules.gather_drivers.output.drivers if WITNESSES and COSTED else [],
        cost=rules.cost.output.cost if WITNESSES and COSTED else [],
        skill=rules.gather_drivers.output.skill if WITNESSES and COSTED else [],
        month_truth=rules.write_month.output.truth if MONTH else [],
        month_rates=(
            expand(rules.month_rates.output.rates, ifo=config["detectors"])
            if MONTH
            else []
        ),
    output:
        report="results/validate/validation.json",
        table=report(
            "results/validate/validation.md",
            category="Validation",
            caption="../report/validation.rst",
        ),
        couplings="results/validate/couplings.parquet",
        drivers="results/validate/drivers.parquet",
        costs="results/validate/costs.parquet",
        month="results/validate/month.parquet",
    log:
        "results/logs/validate_observatory.log",
    benchmark:
        "results/benchmarks/validate_observatory.tsv"
    localrule: True
    conda:
        "../envs/conda.yaml"
    threads: 1
    resources:
        **needs(mem_mb=2000, runtime=20),
    params:
        code=code("validate_observatory"),
    script:
        "../scripts/validate_observatory.py"


rule validation_page:
    input:
        report=rules.validate_observatory.output.report,
        couplings=rules.validate_observatory.output.couplings,
        drivers=rules.validate_observatory.output.drivers,
        costs=rules.validate_observatory.output.costs,
        month=rules.validate_observatory.output.month,
    output:
        page="results/site/validation.html",
    log:
        "results/logs/validation_page.log",
    benchmark:
        "results/benchmarks/validation_page.tsv"
    localrule: True
    conda:
        "../envs/conda.yaml"
    threads: 1
    resources:
        **needs(mem_mb=1000, runtime=10),
    params:
        witnesses=WITNESSES or TRIGGERS,
        cost=COSTED,
        page_files=page_files("validation", "cost/reasons.html"),
        code=code("validation_page"),
    script:
        "../scripts/validation_page.py"


rule validate:
    input:
        rules.validate_observatory.output,
        rules.validation_page.output,
