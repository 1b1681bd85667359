# Training and measuring. A job is one (paper, data set, method, block of seeds).


rule train:
    input:
        data="data/prepared/{scale}/{paper}/{dataset}/data.npz",
        manifest="data/prepared/{scale}/{paper}/{dataset}/manifest.json",
        after=suite.after,
        code=lambda wildcards: suite.code(wildcards.paper, "train"),
    output:
        "results/{scale}/{paper}/runs/{dataset}/{method}/{seeds}/run.json",
        "results/{scale}/{paper}/runs/{dataset}/{method}/{seeds}/history.jsonl",
        "results/{scale}/{paper}/runs/{dataset}/{method}/{seeds}/predictions.npz",
    log:
        "results/{scale}/logs/train/{paper}/{dataset}/{method}/{seeds}.log",
    benchmark:
        "results/{scale}/benchmarks/train/{paper}/{dataset}/{method}/{seeds}.tsv"
    threads: suite.threads
    resources:
        mem_mb=suite.memory,
        runtime=suite.minutes,
        gpu=suite.gpu,
    params:
        settings=lambda wildcards: suite.job(wildcards).digest,
    shell:
        "OMP_NUM_THREADS={threads} tenfold train {wildcards.paper} {wildcards.dataset} {wildcards.method}"
        " --seeds {wildcards.seeds} --scale {wildcards.scale} 2>&1 | tee {log}"


rule evaluate:
    input:
        "results/{scale}/{paper}/runs/{dataset}/{method}/{seeds}/run.json",
        "results/{scale}/{paper}/runs/{dataset}/{method}/{seeds}/history.jsonl",
        "results/{scale}/{paper}/runs/{dataset}/{method}/{seeds}/predictions.npz",
        data="data/prepared/{scale}/{paper}/{dataset}/data.npz",
        code=lambda wildcards: suite.code(wildcards.paper, "evaluate"),
    output:
        "results/{scale}/{paper}/runs/{dataset}/{method}/{seeds}/metrics.csv",
        "results/{scale}/{paper}/runs/{dataset}/{method}/{seeds}/samples.npz",
    log:
        "results/{scale}/logs/evaluate/{paper}/{dataset}/{method}/{seeds}.log",
    benchmark:
        "results/{scale}/benchmarks/evaluate/{paper}/{dataset}/{method}/{seeds}.tsv"
    shell:
        "OMP_NUM_THREADS={threads} tenfold evaluate {wildcards.paper} {wildcards.dataset} {wildcards.method}"
        " --seeds {wildcards.seeds} --scale {wildcards.scale} 2>&1 | tee {log}"


rule collect:
    input:
        lambda wildcards: suite.runs(wildcards.paper, "metrics.csv"),
    output:
        "results/{scale}/{paper}/metrics.csv",
    log:
        "results/{scale}/logs/collect/{paper}.log",
    benchmark:
        "results/{scale}/benchmarks/collect/{paper}.tsv"
    localrule: True
    params:
        jobs=lambda wildcards: suite.plan(wildcards.paper).jobs_digest(),
    shell:
        "tenfold collect {wildcards.paper} --scale {wildcards.scale} 2>&1 | tee {log}"
