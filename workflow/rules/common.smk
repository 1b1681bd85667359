# What every rule uses: the suite's plan, and how its folders are named.
import os

from snakemake.exceptions import WorkflowError

from tenfold.errors import TenfoldError
from tenfold.workflow import Workflow

try:
    suite = Workflow(config)
    suite.restore_records()
except TenfoldError as error:
    raise WorkflowError(f"tenfold: {error}")

RUN = "results/{scale}/{paper}/runs/{dataset}/{method}/{seeds}"
PREPARED = "data/prepared/{scale}/{paper}/{dataset}"
PAPER = "results/{scale}/{paper}"


wildcard_constraints:
    scale="[^/]+",
    paper="[^/]+",
    dataset="[^/]+",
    method="[^/]+",
    seeds="[0-9,-]+",
