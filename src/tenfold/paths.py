"""Where everything lives. The only module that knows the layout of the project's folders."""

from __future__ import annotations

import os
from pathlib import Path


def _project_root() -> Path:
    """TENFOLD_ROOT, else the nearest folder at or above the working directory that holds config/suite.yaml."""
    if root := os.environ.get("TENFOLD_ROOT"):
        return Path(root).resolve()
    for folder in [Path.cwd(), *Path.cwd().parents]:
        if (folder / "config" / "suite.yaml").is_file():
            return folder
    return Path(__file__).resolve().parents[2]


ROOT = _project_root()
CONFIG = ROOT / "config"
DATA = ROOT / "data"
EMBEDDED = DATA / "embedded"
RESULTS = ROOT / "results"
REFERENCE = RESULTS / "reference"
LABELS = ROOT / "labels"
"""What people made by hand with a paper's command. No result: nothing can make it again."""
CACHE = ROOT / ".tenfold"
"""What only saves time; may be deleted at any moment."""
SOURCE = Path(__file__).resolve().parent


def relative(path: Path) -> str:
    """The path as a user would type it in the project's folder."""
    try:
        return str(path.relative_to(ROOT))
    except ValueError:
        return str(path)


def raw(dataset: str) -> Path:
    """Folder of a raw data set; complete when its manifest.json exists."""
    return DATA / "raw" / dataset


def prepared(scale: str, paper: str, dataset: str) -> Path:
    """Folder of a data set as a paper uses it."""
    return DATA / "prepared" / scale / paper / dataset


def paper_results(scale: str, paper: str) -> Path:
    """Folder of everything a paper's stages write."""
    return RESULTS / scale / paper


def run(scale: str, paper: str, dataset: str, method: str, seeds: str) -> Path:
    """Folder of one job: `seeds` is a block's label such as 0-2."""
    return paper_results(scale, paper) / "runs" / dataset / method / seeds


def labels(paper: str, dataset: str) -> Path:
    """Folder of what people labelled of a data set with a paper's command."""
    return LABELS / paper / dataset


def report(scale: str) -> Path:
    """Folder of the static site."""
    return RESULTS / scale / "report"


def metrics(scale: str, paper: str) -> Path:
    """The tidy metrics of a paper."""
    return paper_results(scale, paper) / "metrics.csv"


def reference_metrics(scale: str, paper: str) -> Path:
    """The committed metrics that `tenfold verify` compares a rebuild with."""
    return REFERENCE / scale / paper / "metrics.csv"


def tracking_database() -> Path:
    """The default MLflow store."""
    return RESULTS / "mlflow" / "mlflow.db"
