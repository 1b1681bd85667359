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
        raw=suite.raw_manifest,
        code=lambda wildcards: suite.code(wildcards.paper, "prepare"),
    output:
        "data/prepared/{scale}/{paper}/{dataset}/data.npz",
        "data/prepared/{scale}/{paper}/{dataset}/manifest.json",
    log:
        "results/{scale}/logs/prepare/{paper}/{dataset}.log",
    benchmark:
        "results/{scale}/benchmarks/prepare/{paper}/{dataset}.tsv"
    params:
        settings=lambda wildcards: suite.plan(wildcards.paper).prepare_digest(
            wildcards.dataset
        ),
        raw=lambda wildcards: suite.raw_digest(wildcards),
    shell:
        "tenfold prepare {wildcards.paper} {wildcards.dataset} --scale {wildcards.scale} 2>&1 | tee {log}"


rule prepared:
    input:
        suite.prepared_targets(),
    # Everything up to here; afterwards nothing needs a network.
    localrule: True
