"""Train stage: dispatches on the estimator."""

from __future__ import annotations

import numpy as np

from tenfold.papers.pmtiqa.settings import Train
from tenfold.training.run import Run


def train(run: Run) -> None:
    """Train what the settings name; see the modules under `training`."""
    settings = Train.model_validate(run.settings)
    if settings.estimator == "histogram":
        counts = np.bincount(run.data["classes"], minlength=int(run.data["class_count"]))
        run.save_predictions({"counts": counts})
    elif settings.estimator == "network" and settings.fine_tuning is None:
        from tenfold.papers.pmtiqa.training.networks import train_networks

        train_networks(run, settings)
    elif settings.estimator in ("network", "hyperiqa"):
        from tenfold.papers.pmtiqa.training.single import train_single

        train_single(run, settings)
    else:
        from tenfold.papers.pmtiqa.training.classical import train_classical

        train_classical(run, settings)
