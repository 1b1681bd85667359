"""Train stage: every seed of a method, what it predicts on test sequences, and what its levels do there."""

from __future__ import annotations

import numpy as np

from tenfold.papers.dlh.fitting import fit
from tenfold.papers.dlh.inspection import inspected
from tenfold.papers.dlh.measuring import events, futures
from tenfold.papers.dlh.settings import Train
from tenfold.training.run import Run


def train(run: Run) -> None:
    """Predictions of a seed lie under `<seed>/`; see `measuring` and, for the first seed, `inspection`."""
    settings = Train.model_validate(run.settings)
    found: dict[str, np.ndarray] = {}
    states = {}
    for seed in run.seeds:
        model = fit(run, settings, seed)
        arrays = futures(run, settings.measuring, model, seed) | events(run, settings.measuring, model, seed)
        if seed == run.seeds[0]:
            arrays |= inspected(run, settings.measuring, model, seed)
        arrays["parameters"] = np.array(sum(value.numel() for value in model.parameters()))
        found |= {f"{seed}/{name}": values for name, values in arrays.items()}
        states[str(seed)] = {name: value.cpu() for name, value in model.state_dict().items()}
    run.save_predictions(found)
    run.save_model(states)
