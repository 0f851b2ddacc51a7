# The pages: atlas of families, map, audit, front page.
rule atlas:
    input:
        glitches="results/catalog/glitches.parquet",
        families="results/map/families.parquet",
        audit=rules.audit_labels.output,
        # Planning looks at these even where `group_pages` makes the pages.
        views=shards("results/views/{shard}.npy") if MAPPED else [],
        status=shards("results/views/{shard}.parquet") if MAPPED else [],
        probe=rules.audit_probe.output.probe,
        compared=rules.compare_families.output if COMPARE else [],
        witnesses=rules.witness_pages.output.pages if WITNESSES else [],
        coincidences=rules.coincidence_pages.output.pages if TRIGGERS else [],
        evidence=EVIDENCE if WITNESSES or TRIGGERS else [],
        cost=rules.impact_pages.output.pages if COSTED else [],
    output:
        pages=directory("results/site/family"),
        index="results/site/atlas.html",
    log:
        "results/logs/atlas.log",
    benchmark:
        "results/benchmarks/atlas.tsv"
    conda:
        "../envs/conda.yaml"
    threads: 1
    resources:
        **needs(mem_mb=3000, runtime=120),
    params:
        **config["atlas"],
        page_files=page_files(
            "families",
            "evidence/macros.html",
            "witnesses/unknown.html",
            "witnesses/sentences.html",
            "witnesses/notes.html",
            "cost/unknown.html",
            "cost/reasons.html",
        ),
        code=code("atlas"),
    script:
        "../scripts/atlas.py"


# In place of the atlas of the map: pages of families that labels or a file define.
rule group_pages:
    input:
        glitches="results/catalog/glitches.parquet",
        segments="results/catalog/segments.parquet",
        families="results/map/families.parquet",
        unions="results/map/unions.parquet",
        names="results/map/family_names.parquet",
        audit=rules.audit_groups.output,
        compared=rules.compare_families.output if COMPARE else [],
        witnesses=rules.witness_pages.output.pages if WITNESSES else [],
        coincidences=rules.coincidence_pages.output.pages if TRIGGERS else [],
        evidence=EVIDENCE if WITNESSES or TRIGGERS else [],
        cost=rules.impact_pages.output.pages if COSTED else [],
    output:
        pages=directory("results/site/family"),
        index="results/site/atlas.html",
    log:
        "results/logs/group_pages.log",
    benchmark:
        "results/benchmarks/group_pages.tsv"
    conda:
        "../envs/conda.yaml"
    threads: 1
    resources:
        **needs(mem_mb=3000, runtime=60),
    params:
        source=config["families"]["source"],
        page_files=page_files(
            "families",
            "evidence/macros.html",
            "witnesses/unknown.html",
            "witnesses/sentences.html",
            "witnesses/notes.html",
            "cost/unknown.html",
            "cost/reasons.html",
        ),
        code=code("group_pages"),
    script:
        "../scripts/group_pages.py"


if MAPPED:

    ruleorder: atlas > group_pages

else:

    ruleorder: group_pages > atlas


rule audit_page:
    input:
        glitches="results/catalog/glitches.parquet",
        families="results/map/families.parquet",
        audit=rules.audit_labels.output,
        leakage=rules.audit_leakage.output.leakage,
        probe=rules.audit_probe.output.probe,
        figure="results/figures/leakage.png",
        views=shards("results/views/{shard}.npy"),
        status=shards("results/views/{shard}.parquet"),
    output:
        assets=directory("results/site/audit"),
        page="results/site/audit.html",
    log:
        "results/logs/audit_page.log",
    benchmark:
        "results/benchmarks/audit_page.tsv"
    conda:
        "../envs/conda.yaml"
    threads: 1
    resources:
        **needs(mem_mb=3000, runtime=60),
    params:
        witnesses=WITNESSES or TRIGGERS,
        cost=COSTED,
        page_files=page_files("audit"),
        code=code("audit_page"),
    script:
        "../scripts/audit_page.py"


rule explorer:
    input:
        glitches="results/catalog/glitches.parquet",
        families="results/map/families.parquet",
        coordinates="results/map/coordinates.parquet",
        neighbours="results/similar/neighbours.parquet",
        segments="results/catalog/segments.parquet",
        audit_families="results/audit/families.parquet",
        suspects="results/audit/suspects.parquet",
        views=shards("results/views/{shard}.npy"),
        status=shards("results/views/{shard}.parquet"),
    output:
        assets=directory("results/site/map"),
        page="results/site/map.html",
    log:
        "results/logs/explorer.log",
    benchmark:
        "results/benchmarks/explorer.tsv"
    conda:
        "../envs/conda.yaml"
    threads: 1
    resources:
        **needs(mem_mb=3000, runtime=120),
    params:
        **config["explorer"],
        strain={
            key: config["strain"][key]
            for key in ("source", "channel", "frames", "frame_type")
        },
        witnesses=WITNESSES or TRIGGERS,
        cost=COSTED,
        page_files=page_files("map"),
        code=code("explorer"),
    script:
        "../scripts/explorer.py"


# A page for any id or time; it needs what all stages know of a glitch.
rule glitch_page:
    input:
        glitches="results/catalog/glitches.parquet",
        segments="results/catalog/segments.parquet",
        events="results/catalog/events.parquet",
        quarantine="results/catalog/quarantine.parquet",
        duplicates="results/catalog/duplicates.parquet",
        families="results/map/families.parquet",
        audit_families="results/audit/families.parquet",
        neighbours="results/similar/neighbours.parquet" if MAPPED else [],
        suspects="results/audit/suspects.parquet" if MAPPED else [],
        proposals="results/audit/relabel.parquet" if MAPPED else [],
        views=shards("results/views/{shard}.npy") if MAPPED else [],
        status=shards("results/views/{shard}.parquet") if MAPPED else [],
        evidence=EVIDENCE if WITNESSES or TRIGGERS else [],
        fringes=(
            families("results/coupling/{family}/fringes.parquet") if WITNESSES else []
        ),
        minutes=(
            expand(rules.measure_range.output.minutes, ifo=config["detectors"])
            if COSTED
            else []
        ),
        excursions=(
            expand(rules.measure_excursions.output.excursions, ifo=config["detectors"])
            if COSTED and HAS_STRAIN
            else []
        ),
        skill=rules.gather_drivers.output.skill if COSTED and WITNESSES else [],
        shap=(
            families("results/impact/{family}/shap_values.parquet")
            if COSTED and WITNESSES
            else []
        ),
        vetoes=(
            families("results/impact/{family}/vetoes.parquet")
            if COSTED and WITNESSES
            else []
        ),
        veto_files=(
            families("results/impact/{family}/vetoes") if COSTED and WITNESSES else []
        ),
    output:
        assets=directory("results/site/glitches"),
        page="results/site/glitch.html",
    log:
        "results/logs/glitch_page.log",
    benchmark:
        "results/benchmarks/glitch_page.tsv"
    conda:
        "../envs/conda.yaml"
    threads: 1
    resources:
        **needs(mem_mb=3000, runtime=120),
    params:
        **config["explorer"],
        strain={
            key: config["strain"][key]
            for key in ("source", "channel", "frames", "frame_type")
        },
        channels={
            key: config["coupling"][key] for key in ("source", "frames", "frame_type")
        },
        gates={key: COST[key] for key in ("min_gate_s", "gate_snr", "gate_threshold")},
        has={
            "witnesses": WITNESSES or TRIGGERS,
            "cost": COSTED,
            "mapped": MAPPED,
        },
        page_files=page_files("glitch"),
        code=code("glitch_page"),
    script:
        "../scripts/glitch_page.py"


rule front_page:
    input:
        glitches="results/catalog/glitches.parquet",
        segments="results/catalog/segments.parquet",
        quarantine="results/catalog/quarantine.parquet",
        duplicates="results/catalog/duplicates.parquet",
        families="results/map/families.parquet",
        quality="results/map/quality.parquet" if MAPPED else [],
        ids="results/map/family_ids.parquet",
        audit=rules.audit_labels.output if MAPPED else rules.audit_groups.output,
        leakage=rules.audit_leakage.output.leakage if MAPPED else [],
        figures=rules.figures.output if MAPPED else [],
        witnesses=rules.gather_witnesses.output.witnesses if WITNESSES else [],
        calibration=rules.gather_witnesses.output.calibration if WITNESSES else [],
        coincidences=(rules.gather_coincidences.output.coincidences if TRIGGERS else []),
        evidence=EVIDENCE if WITNESSES or TRIGGERS else [],
        slow=(
            expand(rules.couple_detector.output.slow, ifo=config["detectors"])
            if WITNESSES
            else []
        ),
        cost=rules.cost.output.cost if COSTED else [],
        by_detector=rules.cost.output.by_detector if COSTED else [],
    output:
        figures=directory("results/site/figures"),
        page="results/site/index.html",
        methods="results/site/methods.html",
    log:
        "results/logs/front_page.log",
    benchmark:
        "results/benchmarks/front_page.tsv"
    localrule: True
    conda:
        "../envs/conda.yaml"
    threads: 1
    resources:
        **needs(mem_mb=2000, runtime=20),
    params:
        provenance=lambda wildcards: study.provenance(fingerprints),
        mapped=MAPPED,
        page_files=page_files(
            "front",
            "families/new_class.html",
            "evidence/macros.html",
            "witnesses/sentences.html",
            "cost/sentences.html",
            "cost/reasons.html",
        ),
        code=code("front_page"),
    script:
        "../scripts/front_page.py"


rule site:
    input:
        rules.witness_pages.output if WITNESSES else [],
        rules.coincidence_page.output if TRIGGERS and not WITNESSES else [],
        rules.impact_pages.output if COSTED else [],
        (
            [rules.figures.output, rules.audit_page.output, rules.explorer.output]
            if MAPPED
            else []
        ),
        rules.atlas.output if MAPPED else rules.group_pages.output,
        rules.glitch_page.output,
        rules.front_page.output,
