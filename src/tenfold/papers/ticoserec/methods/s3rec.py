"""S3-Rec: pre-training on masked items and segments, then SASRec's own loss on all parameters."""

from __future__ import annotations

from typing import Any

import numpy as np

from tenfold.papers.ticoserec.fitting import Fit
from tenfold.papers.ticoserec.methods.sasrec import next_item, predicted, train_and_select
from tenfold.papers.ticoserec.models.s3rec import S3Rec, SelfSupervision
from tenfold.papers.ticoserec.sequences import Sequences
from tenfold.papers.ticoserec.settings import Train
from tenfold.training.run import Run


def run_s3rec(run: Run, settings: Train) -> None:
    """Every seed: the epochs of pre-training, then as many of SASRec's loss as any other method has."""
    sequences = Sequences.from_arrays(run.data)
    max_length, optimization = settings.encoder.max_length, settings.optimization
    epochs = settings.pretraining.epochs
    predictions: dict[str, np.ndarray] = {}
    saved: dict[str, Any] = {}
    for seed in run.seeds:
        with run.seeded(seed, "initial"):
            model = S3Rec(sequences.item_count, settings.encoder).to(run.device)
        model.causal = False
        # Recommending is not what is learned here: it is validated once, at the end, and nothing is selected.
        unselected = optimization.model_copy(update={"validate_every": epochs, "patience": None})
        tasks = SelfSupervision(
            model, sequences, max_length, settings.masked_share, settings.pretraining.segment_weight, seed
        )
        Fit(run, sequences, model, max_length, unselected).train(
            tasks, seed=seed, name=f"seed-{seed}-pretraining", first=1, last=epochs
        )
        model.causal = True
        fit = Fit(run, sequences, model, max_length, optimization)
        train_and_select(fit, next_item(fit, seed), seed, f"seed-{seed}", after=0)
        predictions |= predicted(fit, seed)
        saved[f"{seed}/model"] = model.state_dict()
    run.save_predictions(predictions)
    run.save_model(saved)
