"""Train stage: each method of the paper's YAML names an algorithm of the registry."""

from __future__ import annotations

from tenfold.papers.ticoserec.methods import ALGORITHMS
from tenfold.papers.ticoserec.settings import Train
from tenfold.training.run import Run


def train(run: Run) -> None:
    """Run one job. Predictions are named `<seed>/<split>/<what>`, one number per user of the split.

    `what` is `rank` (int32, from which all ranking metrics follow) or the metric that the numbers are outcomes of.
    """
    settings = Train(**run.settings)
    ALGORITHMS[settings.algorithm](run, settings)
