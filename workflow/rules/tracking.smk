# The single writer that loads finished runs into MLflow.


rule track:
    input:
        [target for paper in suite.papers for target in suite.paper_targets(paper)],
        code=suite.package_code("tenfold.tracking"),
    output:
        "results/{scale}/tracking.json",
    log:
        "results/{scale}/logs/track.log",
    benchmark:
        "results/{scale}/benchmarks/track.tsv"
    localrule: True
    params:
        papers=suite.papers,
        tracking=suite.configuration.suite.tracking.model_dump_json(),
    shell:
        "tenfold track --scale {wildcards.scale} 2>&1 | tee {log}"
