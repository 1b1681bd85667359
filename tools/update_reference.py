"""Take over papers' results as the reference that others compare their rebuild with.

    python tools/update_reference.py standard dmf-spe
    python tools/update_reference.py quick              every paper of config/suite.yaml

Takes the rows of metrics.csv that a reference needs (see `tenfold.claims.reference`), copies claims.json, records what
every job cost, and writes the verdict matrix of README.md anew. Refuses a build that is not complete and fresh.
"""

from __future__ import annotations

import shutil
import sys

from tenfold import paths
from tenfold.claims import reference_rows
from tenfold.config import Configuration
from tenfold.errors import ResultError, TenfoldError
from tenfold.evaluation import read_metrics, write_metrics
from tenfold.jobs import Plan
from tenfold.matrix import matrix, with_matrix
from tenfold.planning import write_reference_costs
from tenfold.status import paper_status


def update(configuration: Configuration, slug: str) -> None:
    scale, plan = configuration.suite.scale, Plan(configuration, slug)
    unready = [status for status in paper_status(plan) if status.state != "done"]
    if unready:
        raise ResultError(f"{unready[0].job.name} is {unready[0].state}; build {slug} at scale {scale} first")
    target = paths.REFERENCE / scale / slug
    target.mkdir(parents=True, exist_ok=True)
    write_metrics(target / "metrics.csv", reference_rows(plan.paper, read_metrics(paths.metrics(scale, slug))))
    shutil.copyfile(paths.paper_results(scale, slug) / "claims.json", target / "claims.json")
    write_reference_costs(plan, target / "cost.csv")
    readme = paths.ROOT / "README.md"
    readme.write_text(with_matrix(readme.read_text(encoding="utf-8"), matrix(plan.configuration)), encoding="utf-8")
    print(f"{paths.relative(target)} holds {slug} at scale {scale}")


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    try:
        chosen = Configuration(scale=sys.argv[1])
        for paper in sys.argv[2:] or chosen.selected_papers:
            update(chosen, paper)
    except TenfoldError as error:
        sys.exit(f"update_reference: {error}")
