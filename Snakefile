# Gravity Spy Glitch Explorer: entry point. One rule file per stage, in the order of the data.
from pathlib import Path

from snakemake.utils import min_version

min_version("9.5")

if not workflow.overwrite_configfiles:
    # That of the working directory if there is one, else the project's.
    CONFIG = Path("config/config.yaml")

    configfile: str(CONFIG if CONFIG.exists() else Path(workflow.basedir) / CONFIG)


include: "rules/common.smk"
include: "rules/observatory.smk"
include: "rules/sources.smk"
include: "rules/catalog.smk"
include: "rules/views.smk"
include: "rules/embed.smk"
include: "rules/encoder.smk"
include: "rules/map.smk"
include: "rules/audit.smk"
include: "rules/similar.smk"
include: "rules/coupling.smk"
include: "rules/impact.smk"
include: "rules/place.smk"
include: "rules/figures.smk"
include: "rules/site.smk"
include: "rules/validate.smk"
include: "rules/evaluate.smk"
include: "rules/provenance.smk"
include: "rules/export.smk"


rule all:
    default_target: True
    input:
        rules.catalog.output,
        rules.gather_quarantine.output,
        rules.map.input,
        rules.audit.input,
        rules.similar.input if MAPPED else [],
        rules.coupling.input if WITNESSES or TRIGGERS else [],
        rules.impact.input if COSTED else [],
        rules.site.input,
        rules.validate.input if VALIDATED else [],
        rules.provenance.output,


onstart:
    # Imported here because it imports numpy, which planning does not need.
    from glitch_explorer.core import files

    # Killed jobs left these; no job of this run writes yet.
    files.remove_unfinished("results")
    if workflow.local_exec:
        # The limit of jobs per second is for clusters. With it, each job that starts makes Snakemake look for
        # further jobs once a second until none is left: 4,700 times in a run of 53 jobs. No option lifts it.
        workflow.scheduler.job_rate_limiter = None


onsuccess:
    from glitch_explorer.workflow.study import closing_message

    # All jobs of the target, those of earlier runs too.
    print()
    print(
        closing_message(
            str(file) for job in workflow.dag.jobs for file in job.output
        )
    )


onerror:
    print(
        "\nStopped. What is finished stays. The log of each failed job is named above;"
        " after a kill, run `snakemake --unlock` and start again."
    )
