# What a reader sees: figures and tables, verdicts, the report. All of it is made from result files.


rule figures:
    input:
        "results/{scale}/{paper}/metrics.csv",
        lambda wildcards: suite.runs(wildcards.paper, "predictions.npz"),
        code=lambda wildcards: suite.code(wildcards.paper, "figures"),
    output:
        "results/{scale}/{paper}/figures.json",
        # How many there are depends on the paper, so they are a folder.
        report(
            directory("results/{scale}/{paper}/figures"),
            patterns=["{name}.png"],
            caption="../report/figure.rst",
            category="{paper}",
            subcategory="Figures",
            labels=suite.figure_labels,
        ),
    log:
        "results/{scale}/logs/figures/{paper}.log",
    benchmark:
        "results/{scale}/benchmarks/figures/{paper}.tsv"
    localrule: True
    params:
        shown=lambda wildcards: suite.plan(wildcards.paper).outputs_digest(),
    shell:
        "tenfold figures {wildcards.paper} --scale {wildcards.scale} 2>&1 | tee {log}"


rule claims:
    input:
        "results/{scale}/{paper}/metrics.csv",
        lambda wildcards: suite.runs(wildcards.paper, "samples.npz"),
        code=suite.package_code("tenfold.claims.judge", "tenfold.claims.headline"),
    output:
        "results/{scale}/{paper}/claims.json",
        "results/{scale}/{paper}/headline.json",
    log:
        "results/{scale}/logs/claims/{paper}.log",
    benchmark:
        "results/{scale}/benchmarks/claims/{paper}.tsv"
    localrule: True
    params:
        claims=lambda wildcards: suite.plan(wildcards.paper).claims_digest(),
    shell:
        "tenfold claims {wildcards.paper} --scale {wildcards.scale} 2>&1 | tee {log}"


rule report:
    input:
        [target for paper in suite.papers for target in suite.paper_targets(paper)],
        config=suite.paper_configs(),
        code=suite.package_code("tenfold.report.site"),
    output:
        "results/{scale}/report/index.html",
        report(
            "results/{scale}/report/verdicts.html",
            caption="../report/verdicts.rst",
            category="All papers",
            labels={"page": "Verdicts"},
        ),
        report(
            directory("results/{scale}/report/sheets"),
            patterns=["{paper}.html"],
            caption="../report/sheet.rst",
            category="{paper}",
            subcategory="Verdicts and tables",
            labels={"page": "Verdicts and tables"},
        ),
    log:
        "results/{scale}/logs/report.log",
    benchmark:
        "results/{scale}/benchmarks/report.tsv"
    localrule: True
    params:
        papers=suite.papers,
    shell:
        "tenfold report --scale {wildcards.scale} 2>&1 | tee {log}"
