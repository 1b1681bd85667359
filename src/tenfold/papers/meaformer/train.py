"""Train stage: one training and test for each seed and share of links."""

from __future__ import annotations

import numpy as np

from tenfold.papers.meaformer.fitting import Fitting
from tenfold.papers.meaformer.pair import AlignmentPair
from tenfold.papers.meaformer.settings import Train
from tenfold.training.run import Run


def train(run: Run) -> None:
    """Run one job. Predictions are named `<seed>/<share>/<what>`, as `Fitting.results` names what it keeps."""
    settings = Train(**run.settings)
    predictions: dict[str, np.ndarray] = {}
    for seed in run.seeds:
        pair = AlignmentPair.from_arrays(run.data, seed, run.device)
        for share in settings.split.shares:
            fitting = Fitting(run, settings, pair, seed, share)
            loop = run.loop(f"seed-{seed}-share-{share:g}", fitting.epochs, fitting.state, seed=seed)
            for epoch in loop:
                loop.log(seed=seed, share=share, **fitting.epoch(epoch))
            predictions |= {f"{seed}/{share:g}/{name}": array for name, array in fitting.results().items()}
    if settings.compared_with:
        reference = run.after.predictions
        predictions |= {f"reference/{name}": array for name, array in reference.items() if "/last/" in name}
    run.save_predictions(predictions)
