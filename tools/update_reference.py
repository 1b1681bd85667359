"""Take over a paper's results as the reference that others compare their rebuild with.

    python tools/update_reference.py standard dmf-spe

Copies metrics.csv and claims.json, records what every job cost, and writes the verdict matrix of README.md anew.
Refuses a build that is not complete and fresh.
"""

from __future__ import annotations

import shutil
import sys

from tenfold import paths
from tenfold.config import Configuration
from tenfold.errors import ResultError, TenfoldError
from tenfold.jobs import Plan
from tenfold.matrix import matrix, with_matrix
from tenfold.planning import write_reference_costs
from tenfold.status import paper_status


def update(scale: str, slug: str) -> None:
    plan = Plan(Configuration(scale=scale), slug)
    unready = [status for status in paper_status(plan) if status.state != "done"]
    if unready:
        raise ResultError(f"{unready[0].job.name} is {unready[0].state}; build {slug} at scale {scale} first")
    target = paths.REFERENCE / scale / slug
    target.mkdir(parents=True, exist_ok=True)
    for name in ("metrics.csv", "claims.json"):
        shutil.copyfile(paths.paper_results(scale, slug) / name, target / name)
    write_reference_costs(plan, target / "cost.csv")
    readme = paths.ROOT / "README.md"
    readme.write_text(with_matrix(readme.read_text(encoding="utf-8"), matrix(plan.configuration)), encoding="utf-8")
    print(f"{paths.relative(target)} holds {slug} at scale {scale}")


if __name__ == "__main__":
    try:
        update(*sys.argv[1:3])
    except TenfoldError as error:
        sys.exit(f"update_reference: {error}")
