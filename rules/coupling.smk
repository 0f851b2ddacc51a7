# Auxiliary channels that witness a family. The job of a family reads only that family's member file; families
# share a store of features, which may be deleted at any time.
SAFETY = "resources/channels/safety.csv"
LOCATOR = ["source", "frames", "frame_type", "host", "bands"]
EVIDENCE = "results/coupling/evidence.parquet"
TESTED = ["time_slides", "max_time_slides", "pseudo_families", "max_glitches", "seed"]
# Options of the source of auxiliary channels. A function, since `{ifo}` in them is no wildcard of the rule.
CHANNEL_SOURCE = {
    "channels": lambda wildcards: {
        **{key: config["coupling"][key] for key in LOCATOR},
        "strain": config["strain"]["channel"],
        "lists": config["coupling"]["channels"],
        "safety": [SAFETY, *config["coupling"]["safety"]],
    },
    "lists_hash": digests(config["coupling"]["channels"]),
    "shipped_hash": shipped(SAFETY),
}


rule couple_family:
    input:
        members=members,
        segments="results/catalog/segments.parquet",
        lists=user_files(config["coupling"]["channels"]),
        safety=config["coupling"]["safety"],
        frames=auxiliary,
    output:
        witnesses="results/coupling/{family}/witnesses.parquet",
        profiles="results/coupling/{family}/lag_profiles.parquet",
        pseudo="results/coupling/{family}/pseudo_families.parquet",
        scattering="results/coupling/{family}/scattering.parquet",
        fringes="results/coupling/{family}/fringes.parquet",
        coverage="results/coupling/{family}/coverage.parquet",
        notes="results/coupling/{family}/notes.json",
    log:
        "results/logs/couple_family/{family}.log",
    benchmark:
        "results/benchmarks/couple_family/{family}.tsv"
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
        settings={key: config["coupling"][key] for key in TESTED},
        code=code("couple_family"),
    script:
        "../scripts/couple_family.py"


rule couple_detector:
    input:
        families="results/map/families.parquet",
        members=families("results/map/members/{family}.parquet"),
        glitches="results/catalog/glitches.parquet",
        segments="results/catalog/segments.parquet",
        lists=user_files(config["coupling"]["channels"]),
        safety=config["coupling"]["safety"],
        frames=auxiliary,
    output:
        groups="results/coupling/groups/{ifo}.parquet",
        slow="results/coupling/slow_drivers/{ifo}.parquet",
        curves="results/coupling/rate_curves/{ifo}.parquet",
        days="results/coupling/rate_days/{ifo}.parquet",
        pairs="results/coupling/driver_pairs/{ifo}.parquet",
    log:
        "results/logs/couple_detector/{ifo}.log",
    benchmark:
        "results/benchmarks/couple_detector/{ifo}.tsv"
    retries: 1
    conda:
        "../envs/conda.yaml"
    threads: 1
    resources:
        **needs(mem_mb=4000, runtime=240),
    params:
        **CHANNEL_SOURCE,
        max_glitches=config["coupling"]["max_glitches"],
        ground=config["coupling"]["ground"],
        seed=config["coupling"]["seed"],
        code=code("couple_detector"),
    script:
        "../scripts/couple_detector.py"


rule gather_witnesses:
    input:
        families="results/map/families.parquet",
        witnesses=families("results/coupling/{family}/witnesses.parquet"),
        groups=expand(rules.couple_detector.output.groups, ifo=config["detectors"]),
        coincidences=(
            expand(
                "results/coupling/coincidences/{ifo}.parquet", ifo=config["detectors"]
            )
            if TRIGGERS
            else []
        ),
    output:
        witnesses="results/coupling/witnesses.parquet",
        calibration="results/coupling/calibration.parquet",
        notes="results/coupling/notes.json",
    log:
        "results/logs/gather_witnesses.log",
    benchmark:
        "results/benchmarks/gather_witnesses.tsv"
    localrule: True
    conda:
        "../envs/conda.yaml"
    threads: 1
    resources:
        **needs(mem_mb=2000, runtime=30),
    params:
        least_effect=config["coupling"]["least_effect"],
        code=code("gather_witnesses"),
    script:
        "../scripts/gather_witnesses.py"


rule witness_pages:
    input:
        families="results/map/families.parquet",
        members=families("results/map/members/{family}.parquet"),
        witnesses=rules.gather_witnesses.output.witnesses,
        calibration=rules.gather_witnesses.output.calibration,
        notes=rules.gather_witnesses.output.notes,
        profiles=families("results/coupling/{family}/lag_profiles.parquet"),
        pseudo=families("results/coupling/{family}/pseudo_families.parquet"),
        scattering=families("results/coupling/{family}/scattering.parquet"),
        coverage=families("results/coupling/{family}/coverage.parquet"),
        groups=expand(rules.couple_detector.output.groups, ifo=config["detectors"]),
        names="results/map/family_names.parquet" if not MAPPED else [],
        slow=expand(rules.couple_detector.output.slow, ifo=config["detectors"]),
        curves=expand(rules.couple_detector.output.curves, ifo=config["detectors"]),
        days=expand(rules.couple_detector.output.days, ifo=config["detectors"]),
        pairs=expand(rules.couple_detector.output.pairs, ifo=config["detectors"]),
        coincidences="results/coupling/coincidence_pages" if TRIGGERS else [],
        evidence=EVIDENCE,
    output:
        pages=directory("results/coupling/pages"),
        page="results/site/witnesses.html",
        pictures=directory("results/site/witnesses"),
        matrix=report(
            "results/figures/witness_matrix.png",
            category="Witnesses",
            caption="../report/witness_matrix.rst",
        ),
        nulls=report(
            "results/figures/witness_nulls.png",
            category="Witnesses",
            caption="../report/witness_nulls.rst",
        ),
    log:
        "results/logs/witness_pages.log",
    benchmark:
        "results/benchmarks/witness_pages.tsv"
    conda:
        "../envs/conda.yaml"
    threads: 1
    resources:
        **needs(mem_mb=3000, runtime=60),
    params:
        dpi=config["figures"]["dpi"],
        cost=COSTED,
        page_files=page_files("witnesses", "evidence"),
        code=code("witness_pages"),
    script:
        "../scripts/witness_pages.py"


rule couple_triggers:
    input:
        families="results/map/families.parquet",
        members=families("results/map/members/{family}.parquet"),
        segments="results/catalog/segments.parquet",
        lists=user_files(config["coupling"]["channels"]),
        safety=config["coupling"]["safety"],
        files=lambda wildcards: study.without_folders(
            study.auxiliary_paths(wildcards.ifo)
        ),
    output:
        coincidences="results/coupling/coincidences/{ifo}.parquet",
        rounds="results/coupling/hveto_rounds/{ifo}.parquet",
        shares="results/coupling/coincidence_shares/{ifo}.parquet",
        notes="results/coupling/coincidences/{ifo}.json",
    log:
        "results/logs/couple_triggers/{ifo}.log",
    benchmark:
        "results/benchmarks/couple_triggers/{ifo}.tsv"
    conda:
        "../envs/conda.yaml"
    threads: half_the_cores
    resources:
        **needs(mem_mb=4000, runtime=240),
    params:
        # Braces in these are filled in by the job.
        source=lambda wildcards: {
            "triggers": config["coupling"]["triggers"],
            "flags": config["coupling"]["flags"],
            "trends": config["coupling"]["trends"],
            "lists": config["coupling"]["channels"],
            "safety": [SAFETY, *config["coupling"]["safety"]],
            "strain": config["strain"]["channel"],
            "detectors": config["detectors"],
        },
        scan=config["coupling"]["scan"],
        settings={
            key: config["coupling"][key]
            for key in ("time_slides", "max_time_slides", "seed")
        },
        listing=lambda wildcards: listing(study.auxiliary_paths(wildcards.ifo)),
        lists_hash=digests(config["coupling"]["channels"]),
        shipped_hash=shipped(SAFETY),
        code=code("couple_triggers"),
    script:
        "../scripts/couple_triggers.py"


rule gather_coincidences:
    input:
        coincidences=expand(
            rules.couple_triggers.output.coincidences, ifo=config["detectors"]
        ),
        rounds=expand(rules.couple_triggers.output.rounds, ifo=config["detectors"]),
        shares=expand(rules.couple_triggers.output.shares, ifo=config["detectors"]),
        notes=expand(rules.couple_triggers.output.notes, ifo=config["detectors"]),
        witnesses=(
            families("results/coupling/{family}/witnesses.parquet")
            if WITNESSES
            else []
        ),
    output:
        coincidences="results/coupling/coincidences.parquet",
        rounds="results/coupling/hveto_rounds.parquet",
        shares="results/coupling/coincidence_shares.parquet",
        notes="results/coupling/coincidence_notes.json",
    log:
        "results/logs/gather_coincidences.log",
    benchmark:
        "results/benchmarks/gather_coincidences.tsv"
    localrule: True
    conda:
        "../envs/conda.yaml"
    threads: 1
    resources:
        **needs(mem_mb=2000, runtime=30),
    params:
        least_effect=config["coupling"]["least_effect"],
        code=code("gather_coincidences"),
    script:
        "../scripts/gather_coincidences.py"


# A base channel is one witness, whichever kinds of evidence it has.
rule gather_evidence:
    input:
        witnesses=rules.gather_witnesses.output.witnesses if WITNESSES else [],
        coincidences=rules.gather_coincidences.output.coincidences if TRIGGERS else [],
    output:
        evidence=EVIDENCE,
    log:
        "results/logs/gather_evidence.log",
    benchmark:
        "results/benchmarks/gather_evidence.tsv"
    localrule: True
    conda:
        "../envs/conda.yaml"
    threads: 1
    resources:
        **needs(mem_mb=2000, runtime=30),
    params:
        code=code("gather_evidence"),
    script:
        "../scripts/gather_evidence.py"


rule coincidence_pages:
    input:
        families="results/map/families.parquet",
        members=families("results/map/members/{family}.parquet"),
        coincidences=rules.gather_coincidences.output.coincidences,
        rounds=rules.gather_coincidences.output.rounds,
        shares=rules.gather_coincidences.output.shares,
        notes=rules.gather_coincidences.output.notes,
        evidence=EVIDENCE,
        names="results/map/family_names.parquet" if not MAPPED else [],
    output:
        pages=directory("results/coupling/coincidence_pages"),
    log:
        "results/logs/coincidence_pages.log",
    benchmark:
        "results/benchmarks/coincidence_pages.tsv"
    conda:
        "../envs/conda.yaml"
    threads: 1
    resources:
        **needs(mem_mb=2000, runtime=30),
    params:
        page_files=page_files("coincidences", "evidence", "witnesses/sentences.html"),
        code=code("coincidence_pages"),
    script:
        "../scripts/coincidence_pages.py"


# In place of the page of channels' witnesses, where there are only triggers, flags and trends.
rule coincidence_page:
    input:
        pages=rules.coincidence_pages.output.pages,
        evidence=EVIDENCE,
    output:
        page="results/site/witnesses.html",
    log:
        "results/logs/coincidence_page.log",
    benchmark:
        "results/benchmarks/coincidence_page.tsv"
    localrule: True
    conda:
        "../envs/conda.yaml"
    threads: 1
    resources:
        **needs(mem_mb=1000, runtime=10),
    params:
        cost=COSTED,
        mapped=MAPPED,
        page_files=page_files("coincidences", "evidence", "witnesses/sentences.html"),
        code=code("coincidence_page"),
    script:
        "../scripts/coincidence_page.py"


if WITNESSES:

    ruleorder: witness_pages > coincidence_page

else:

    ruleorder: coincidence_page > witness_pages


rule coupling:
    input:
        rules.gather_quarantine.output,
        (
            [
                rules.gather_witnesses.output,
                rules.witness_pages.output,
                expand(rules.couple_detector.output.slow, ifo=config["detectors"]),
            ]
            if WITNESSES or not TRIGGERS
            else rules.coincidence_page.output
        ),
        rules.gather_coincidences.output if TRIGGERS else [],
        EVIDENCE if WITNESSES or TRIGGERS else [],
