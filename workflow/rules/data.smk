# Raw data (fetched once, the only rule that may use the network), and what each paper makes of it.


rule data:
    output:
        "data/raw/{dataset}/manifest.json",
    log:
        "results/logs/data/{dataset}.log",
    benchmark:
        "results/benchmarks/data/{dataset}.tsv"
    localrule: True
    shell:
        "tenfold data fetch {wildcards.dataset} 2>&1 | tee {log}"


rule prepare:
    input:
        # Whether the raw data has changed is seen from its files (params), not from when or where they were fetched.
        raw=lambda wildcards: ancient(suite.raw_manifest(wildcards)),
        code=lambda wildcards: suite.code(wildcards.paper, "prepare"),
    output:
        "data/prepared/{scale}/{paper}/{dataset}/data.npz",
        "data/prepared/{scale}/{paper}/{dataset}/manifest.json",
    log:
        "results/{scale}/logs/prepare/{paper}/{dataset}.log",
    benchmark:
        "results/{scale}/benchmarks/prepare/{paper}/{dataset}.tsv"
    resources:
        mem_mb=suite.memory,
    params:
        settings=lambda wildcards: suite.plan(wildcards.paper).prepare_digest(
            wildcards.dataset
        ),
        raw=lambda wildcards: suite.raw_digest(wildcards),
    shell:
        "tenfold prepare {wildcards.paper} {wildcards.dataset} --scale {wildcards.scale} 2>&1 | tee {log}"


rule prepared:
    input:
        lambda wildcards: suite.prepared_targets(suite.papers),
    # Everything up to here; afterwards nothing needs a network.
    localrule: True
