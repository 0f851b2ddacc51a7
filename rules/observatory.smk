# The simulated observatory: real files with planted answers.
PLAN = {
    name: value for name, value in config["observatory"].items() if name != "month_days"
}


rule plan_observatory:
    output:
        catalog="results/observatory/catalog.csv",
        segments="results/observatory/segments.csv",
        events="results/observatory/events.csv",
        channels="results/observatory/channels.csv",
        truth="results/observatory/truth.json",
    log:
        "results/logs/plan_observatory.log",
    benchmark:
        "results/benchmarks/plan_observatory.tsv"
    localrule: True
    conda:
        "../envs/conda.yaml"
    threads: 1
    resources:
        **needs(mem_mb=2000, runtime=20),
    params:
        plan=PLAN,
        detectors=config["detectors"],
        code=code("plan_observatory"),
    script:
        "../scripts/plan_observatory.py"


rule write_frames:
    output:
        frames=directory("results/observatory/frames/{ifo}"),
    log:
        "results/logs/write_frames/{ifo}.log",
    benchmark:
        "results/benchmarks/write_frames/{ifo}.tsv"
    priority: MAP_FIRST
    conda:
        "../envs/conda.yaml"
    threads: 1
    resources:
        **needs(mem_mb=3000, runtime=60),
    params:
        plan=PLAN,
        detectors=config["detectors"],
        code=code("write_frames"),
    script:
        "../scripts/write_frames.py"


rule write_auxiliary:
    output:
        frames=directory("results/observatory/aux/{ifo}"),
    log:
        "results/logs/write_auxiliary/{ifo}.log",
    benchmark:
        "results/benchmarks/write_auxiliary/{ifo}.tsv"
    conda:
        "../envs/conda.yaml"
    threads: 1
    resources:
        **needs(mem_mb=2000, runtime=30),
    params:
        plan=PLAN,
        detectors=config["detectors"],
        code=code("write_auxiliary"),
    script:
        "../scripts/write_auxiliary.py"


rule write_month:
    output:
        truth="results/observatory/month/truth.json",
        glitches="results/observatory/month/glitches.csv",
        segments="results/observatory/month/segments.csv",
        channels="results/observatory/month/channels.csv",
        trends=expand("results/observatory/month/{ifo}.hdf5", ifo=config["detectors"]),
    log:
        "results/logs/write_month.log",
    benchmark:
        "results/benchmarks/write_month.tsv"
    localrule: True
    conda:
        "../envs/conda.yaml"
    threads: 1
    resources:
        **needs(mem_mb=2000, runtime=20),
    params:
        seed=config["observatory"]["seed"],
        days=config["observatory"]["month_days"],
        detectors=config["detectors"],
        code=code("write_month"),
    script:
        "../scripts/write_month.py"
