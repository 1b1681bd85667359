"""CL4SRec, CoSeRec, TiCoSeRec and its variants: SASRec with a contrast of augmented views.

They differ in nothing but their settings of the views: operators, rates, positions, and who is left as they are.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from tenfold.papers.ticoserec.methods.sasrec import (
    ObjectiveOf,
    continue_from_warmup,
    next_item,
    train_and_select,
    warmed_up,
)
from tenfold.papers.ticoserec.objectives import NextItemWithContrast
from tenfold.papers.ticoserec.sequences import Sequences
from tenfold.papers.ticoserec.settings import Train
from tenfold.papers.ticoserec.similarity import itemcf_iuf, most_similar
from tenfold.papers.ticoserec.views import ViewGenerator
from tenfold.training.run import Run


def run_contrastive(run: Run, settings: Train) -> None:
    """From the warm-up on with `L_rec + lambda L_cl`."""
    sequences = Sequences.from_arrays(run.data)
    continue_from_warmup(run, settings, sequences, contrast_of(sequences, settings))


def run_variants(run: Run, settings: Train) -> None:
    """Every variant of the settings from the same warm-up; results are in a split of the variant's name."""
    sequences = Sequences.from_arrays(run.data)
    warm = run.after.model()
    predictions: dict[str, np.ndarray] = {}
    for name in settings.variants:
        changed = settings.variant(name)
        for seed in run.seeds:
            fit = warmed_up(run, changed, sequences, warm, seed)
            objective = contrast_of(sequences, changed)(next_item(fit, seed))
            after = changed.optimization.warmup_epochs
            train_and_select(fit, objective, seed, f"seed-{seed}-{name}", after=after)
            predictions[f"{seed}/{name}/rank"] = fit.ranks("test")
    run.save_predictions(predictions)


def contrast_of(sequences: Sequences, settings: Train) -> ObjectiveOf:
    """Makes `L_rec + lambda L_cl` of a fit's `L_rec`."""
    views_of = view_generator_of(sequences, settings)
    return lambda base: NextItemWithContrast(base, views_of(), settings.contrast)


def view_generator_of(sequences: Sequences, settings: Train) -> Callable[[], ViewGenerator]:
    """Makes a new generator of views for each seed; the similarity of items is computed once."""
    similarity = itemcf_iuf(sequences.train_inputs, sequences.item_count)
    neighbours = most_similar(similarity, sequences.train_inputs)
    return lambda: ViewGenerator(sequences, settings.views, neighbours, settings.encoder.max_length)
