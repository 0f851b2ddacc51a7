# Data from outside: downloads, analysis segments, events, weights.
rule download:
    output:
        manifest="results/download/manifest.json",
    log:
        "results/logs/download.log",
    benchmark:
        "results/benchmarks/download.tsv"
    retries: 2
    localrule: True
    conda:
        "../envs/conda.yaml"
    threads: 1
    resources:
        **needs(mem_mb=1000, runtime=1440),
    params:
        **config["download"],
        code=code("download"),
    script:
        "../scripts/download.py"


rule segments:
    input:
        files=config["segments"]["files"],
    output:
        segments="results/catalog/segments.parquet",
    log:
        "results/logs/segments.log",
    benchmark:
        "results/benchmarks/segments.tsv"
    retries: 2
    localrule: True
    conda:
        "../envs/conda.yaml"
    threads: 1
    resources:
        **needs(mem_mb=2000, runtime=30),
    params:
        # `{ifo}` in a flag means the detector; it is no wildcard of the rule.
        flags=lambda wildcards: config["segments"]["flags"],
        gps=config["source"]["gps"],
        detectors=config["detectors"],
        code=code("segments"),
    script:
        "../scripts/segments.py"


rule events:
    input:
        files=config["events"]["files"],
    output:
        events="results/catalog/events.parquet",
    log:
        "results/logs/events.log",
    benchmark:
        "results/benchmarks/events.tsv"
    retries: 2
    localrule: True
    conda:
        "../envs/conda.yaml"
    threads: 1
    resources:
        **needs(mem_mb=1000, runtime=30),
    params:
        gwosc=config["events"]["gwosc"],
        detectors=config["detectors"],
        gps=config["source"]["gps"],
        code=code("events"),
    script:
        "../scripts/events.py"


rule weights:
    output:
        weights="results/weights/{backbone}-IMAGENET1K_V1.safetensors",
    log:
        "results/logs/weights/{backbone}.log",
    benchmark:
        "results/benchmarks/weights/{backbone}.tsv"
    retries: 2
    localrule: True
    conda:
        "../envs/conda.yaml"
    threads: 1
    resources:
        **needs(mem_mb=2000, runtime=60),
    params:
        code=code("weights"),
    script:
        "../scripts/weights.py"
