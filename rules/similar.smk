# Similar glitches: the nearest of every glitch, and the results of queries.
SEARCHED = dict(
    glitches="results/catalog/glitches.parquet",
    families="results/map/families.parquet",
    vectors=rules.map_graph.output.vectors,
    neighbours=rules.map_graph.output.neighbours,
    encoder=rules.map_encoder.output.encoder,
    suspects="results/audit/suspects.parquet",
    weights=weights_file,
    frames=study.frames("strain"),
)
SEARCH = dict(
    n_results=config["similar"]["n_results"],
    tolerance_s=config["similar"]["tolerance_s"],
    strain=config["strain"],
    weights=config["embedding"]["weights"],
    weights_digest=weights_digest(config["embedding"]),
    code=code("similar_answers"),
)


rule similar_neighbours:
    input:
        rows=rules.map_graph.output.rows,
        neighbours=rules.map_graph.output.neighbours,
    output:
        neighbours="results/similar/neighbours.parquet",
    log:
        "results/logs/similar_neighbours.log",
    benchmark:
        "results/benchmarks/similar_neighbours.tsv"
    conda:
        "../envs/conda.yaml"
    threads: 1
    resources:
        **needs(mem_mb=2000, runtime=20),
    params:
        code=code("similar_neighbours"),
    script:
        "../scripts/similar_neighbours.py"


# One query, as the name of the file: a glitch id, or a time such as H1@1262304123.5.
rule similar_one:
    input:
        **SEARCHED,
    output:
        answers="results/similar/{query}.csv",
    log:
        "results/logs/similar_one/{query}.log",
    benchmark:
        "results/benchmarks/similar_one/{query}.tsv"
    wildcard_constraints:
        query=r"(?!answers$)[^/]+",
    conda:
        "../envs/conda.yaml"
    threads: 16
    resources:
        **needs(mem_mb=4000, runtime=60),
    params:
        **SEARCH,
        queries=lambda wildcards: [wildcards.query],
    script:
        "../scripts/similar_answers.py"


# The queries of the config, pictures included.
rule similar_answers:
    input:
        **SEARCHED,
        pictures=[path for path in config["similar"]["queries"] if Path(path).exists()],
    output:
        answers="results/similar/answers.csv",
    log:
        "results/logs/similar_answers.log",
    benchmark:
        "results/benchmarks/similar_answers.tsv"
    conda:
        "../envs/conda.yaml"
    threads: 16
    resources:
        **needs(mem_mb=4000, runtime=60),
    params:
        **SEARCH,
        queries=config["similar"]["queries"],
    script:
        "../scripts/similar_answers.py"


rule similar:
    input:
        rules.gather_quarantine.output,
        rules.similar_neighbours.output,
        rules.similar_answers.output if config["similar"]["queries"] else [],
