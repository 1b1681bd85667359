# tenfold: ten papers, one command.
#
#   snakemake --cores all                          everything, at the scale of config/suite.yaml
#   snakemake --cores all ticoserec                one paper
#   snakemake --cores all --config scale=smoke     another scale
#   snakemake -n                                   what would run, and why
#   snakemake --profile profiles/slurm             on a cluster
#   snakemake --report report.zip                  Snakemake's own report: how everything was made
#
# Settings: config/suite.yaml (yours), config/datasets.yaml, config/papers/*.yaml (facts and choices of each paper).


configfile: "config/suite.yaml"


report: "workflow/report/workflow.rst"


include: "workflow/rules/common.smk"
include: "workflow/rules/data.smk"
include: "workflow/rules/experiments.smk"
include: "workflow/rules/outputs.smk"
include: "workflow/rules/tracking.smk"


rule all:
    default_target: True
    input:
        suite.targets(),
    localrule: True


for paper in suite.papers:

    rule:
        name:
            paper
        input:
            suite.paper_targets(paper),
        localrule: True

    rule:
        name:
            f"prepared-{paper}"
        input:
            lambda wildcards, paper=paper: suite.prepared_targets([paper]),
        localrule: True


onsuccess:
    suite.keep_records()


onerror:
    suite.keep_records()
    # A failed job must not hide what the others found.
    shell(f"tenfold report --partial --scale {suite.scale} || true")
