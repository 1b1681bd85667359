"""Train stage: each task of the settings, for each seed."""

from __future__ import annotations

import numpy as np

from tenfold.papers.hnn.roles import Roles
from tenfold.papers.hnn.settings import Train
from tenfold.papers.hnn.study import Study
from tenfold.papers.hnn.tasks.hyperedges import predict_hyperedges
from tenfold.papers.hnn.tasks.nodes import classify_nodes
from tenfold.papers.hnn.tasks.pairs import classify_pairs
from tenfold.training.run import Run


def train(run: Run) -> None:
    """Run one job. Predictions are named `<seed>/<split>/<what>`; `what` is scores and positive, or correct."""
    settings = Train(**run.settings)
    predictions: dict[str, np.ndarray] = {}
    study = None if "pairs" in settings.tasks else Study.from_arrays(run.data)
    for seed in run.seeds:
        for task in settings.tasks:
            if task == "pairs":
                own = {key.partition("/")[2]: array for key, array in run.data.items() if key.startswith(f"{seed}/")}
                predictions |= classify_pairs(run, settings, Roles.from_arrays(own), seed)
            else:
                assert study is not None
                method = predict_hyperedges if task == "hyperedges" else classify_nodes
                predictions |= method(run, settings, study, seed)
    run.save_predictions(predictions)
