"""What a training job costs besides its training: by hand, in a local build, and as a SLURM job.

    python benchmarks/cluster_overhead.py [--jobs 12]

Builds a scaffolded paper whose training takes no time worth mentioning, once with Snakemake alone and once on the SLURM
cluster of two nodes that the tests start on this machine (apt-get install slurm-wlm munge). CPU seconds include all
child processes, so other work on the machine matters little; wall seconds are printed with the load they were taken at.
"""

from __future__ import annotations

import argparse
import os
import re
import resource
import shutil
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tests.cluster.conftest import ClusterProject
from tests.cluster.slurm import Cluster, running_cluster
from tests.conftest import copy_project
from tests.workflow.conftest import Project

PAPER = "nothing"
TIMED = "/usr/bin/time --append --output={file} --format='%U %S'"

SBATCH = """\
#!/usr/bin/env python3
# Adds up what the batch script of each job uses.
import os, sys
wrapped = [a.replace("--wrap=", "--wrap={timed} ", 1) if a.startswith("--wrap=") else a for a in sys.argv[1:]]
os.execv({sbatch!r}, ["sbatch", *wrapped])
"""


def children() -> float:
    """CPU seconds of all children that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def scaffold(root: Path, jobs: int) -> Project:
    """A paper of one method, one seed a job; its data is prepared."""
    project = Project(copy_project(root))
    shutil.rmtree(root / "config" / "papers")
    (root / "config" / "papers").mkdir()
    project.run("tenfold", "new-paper", PAPER)
    seeds = list(range(jobs))
    scale = f"methods: [plain], seeds: {seeds}, seeds_per_job: 1, resources: {{mem_mb: 500}}"
    project.replace(f"config/papers/{PAPER}.yaml", "methods: [plain, decay], seeds: [0, 1]", scale)
    answer = project.run("tenfold", "prepare", PAPER, "--scale", "smoke")
    assert answer.returncode == 0, answer.stderr
    return project


def targets(jobs: int) -> list[str]:
    """The runs, without what follows from them."""
    return [f"results/smoke/{PAPER}/runs/plane/plain/{seed}/run.json" for seed in range(jobs)]


def locally(project: Project, jobs: int) -> tuple[float, float]:
    """CPU and wall seconds of a local build."""
    used, began = children(), time.monotonic()
    answer = project.run("snakemake", "--cores", "2", *targets(jobs), "--config", "scale=smoke", timeout=3600)
    assert answer.returncode == 0, answer.stdout + answer.stderr
    return children() - used, time.monotonic() - began


def by_hand(project: Project) -> float:
    """CPU seconds of one `tenfold train`."""
    used = children()
    project.run("tenfold", "train", PAPER, "plane", "plain", "--seeds", "0", "--scale", "smoke")
    return children() - used


def time_jobs(cluster: Cluster, log: Path) -> None:
    """Note what each batch script and each job step uses."""
    timed = TIMED.format(file=log)
    srun = cluster.root / "bin" / "srun"
    srun.write_text(re.sub(r'(unshare --net|env) "\$@"', rf'{timed} "$@"', srun.read_text()))
    sbatch = cluster.root / "bin" / "sbatch"
    sbatch.write_text(SBATCH.format(timed=timed, sbatch=shutil.which("sbatch")))
    sbatch.chmod(0o755)


def on_cluster(project: Project, cluster: Cluster, jobs: int) -> tuple[float, float, float, list[float]]:
    """CPU seconds of the head and of all jobs, wall seconds of the build, and wall seconds of each job."""
    log = cluster.root / "times"
    time_jobs(cluster, log)
    there = ClusterProject(project.root, cluster)
    used, began = children(), time.monotonic()
    often = ("--slurm-init-seconds-before-status-checks", "1")
    command = ["snakemake", "--profile", "profiles/slurm", *often, *targets(jobs), "--config", "scale=smoke"]
    answer = there.run(*command, timeout=3600)
    assert answer.returncode == 0, answer.stdout + answer.stderr
    wall, head = time.monotonic() - began, children() - used
    in_jobs = sum(float(number) for number in re.findall(r"[\d.]+", log.read_text()))
    walls = cluster.command("squeue", "--states=all", "--noheader", "--format=%M").split()
    return head, in_jobs, wall, [float(clock.split(":")[-2]) * 60 + float(clock.split(":")[-1]) for clock in walls]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--jobs", type=int, default=12)
    jobs = parser.parse_args().jobs
    with tempfile.TemporaryDirectory() as folder:
        project = scaffold(Path(folder), jobs)
        hand = min(by_hand(project) for _ in range(3))
        shutil.rmtree(project.root / "results")
        idle, _ = locally(project, 1)
        shutil.rmtree(project.root / "results")
        local, local_wall = locally(project, jobs)
        shutil.rmtree(project.root / "results")
        with running_cluster() as cluster:
            head, in_jobs, wall, walls = on_cluster(project, cluster, jobs)
    print(f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores, {jobs} jobs")
    print(f"tenfold train by hand:     {hand:5.2f} CPU s")
    print(f"in a local build:          {(local - idle) / (jobs - 1):5.2f} CPU s a job, start {idle - hand:.2f}")
    print(
        f"as a SLURM job, on a node: {in_jobs / jobs:5.2f} CPU s a job, {sorted(walls)[jobs // 2]:.0f} s wall (median)"
    )
    print(f"the same, on the head:     {head / jobs:5.2f} CPU s a job with the start of the build ({head:.1f} in all)")
    print(f"whole build: local {local_wall:.0f} s, SLURM {wall:.0f} s wall")


if __name__ == "__main__":
    main()
