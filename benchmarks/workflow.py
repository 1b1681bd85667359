"""What the frame itself costs: importing and planning, Snakemake's start, a build with nothing to do.

    python benchmarks/workflow.py [--scale smoke]

CPU seconds of child processes count, so other work on the machine matters little. Build the scale first to see the
cost of a no-op build.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import time

PLANNING = """
import pathlib, time, yaml
start = time.process_time()
from tenfold.workflow import Workflow
imported = time.process_time()
suite = Workflow(yaml.safe_load(pathlib.Path("config/suite.yaml").read_text()) | {"scale": "SCALE"})
suite.check(), suite.targets(), suite.package_code("tenfold.report.site"), suite.package_code("tenfold.tracking.load")
print(imported - start, time.process_time() - imported, sum(len(suite.plan(paper).jobs()) for paper in suite.papers))
"""


def cpu_seconds_of(*command: str) -> tuple[float, float, str]:
    """CPU seconds, wall seconds and output of a child process."""
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    answer = subprocess.run(command, capture_output=True, text=True, check=False)
    after, wall = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic() - start
    used = after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime
    return used, wall, answer.stdout + answer.stderr


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scale", default="smoke")
    scale = parser.parse_args().scale
    _, _, output = cpu_seconds_of(sys.executable, "-c", PLANNING.replace("SCALE", scale))
    imported, planned, jobs = output.split()[-3:]
    bare, _, _ = cpu_seconds_of("snakemake", "--version")
    dry, wall, output = cpu_seconds_of("snakemake", "-n", "--config", f"scale={scale}")
    print(f"scale {scale}: {jobs} training jobs")
    print(f"importing tenfold.workflow   {float(imported):6.2f} CPU s")
    print(f"planning the suite           {float(planned):6.2f} CPU s")
    print(f"snakemake --version          {bare:6.2f} CPU s")
    print(f"snakemake -n                 {dry:6.2f} CPU s {wall:6.2f} s   {output.strip().splitlines()[-1]}")


if __name__ == "__main__":
    main()
