# What every rule uses: the suite's plan.
from snakemake.exceptions import WorkflowError

from tenfold.errors import TenfoldError
from tenfold.workflow import Workflow

try:
    suite = Workflow(config)
    if workflow.is_main_process:
        suite.check()
        suite.restore_records()
        # Read by the templates under workflow/report, which see nothing else of the papers' YAML.
        config["captions"] = suite.captions()
except TenfoldError as error:
    raise WorkflowError(f"tenfold: {error}")


wildcard_constraints:
    scale="[^/]+",
    paper="[^/]+",
    dataset="[^/]+",
    method="[^/]+",
    seeds="[0-9,-]+",
