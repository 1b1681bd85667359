"""CL4SRec, CoSeRec, TiCoSeRec and its variants: SASRec with a contrast of augmented views.

They differ in nothing but their settings of the views: operators, rates, positions, and who is left as they are.
"""

from __future__ import annotations

from tenfold.papers.ticoserec.methods.sasrec import continue_from_warmup
from tenfold.papers.ticoserec.objectives import NextItem, NextItemWithContrast
from tenfold.papers.ticoserec.sequences import Sequences
from tenfold.papers.ticoserec.settings import Train
from tenfold.papers.ticoserec.similarity import itemcf_iuf, most_similar
from tenfold.papers.ticoserec.views import ViewGenerator
from tenfold.training.run import Run


def run_contrastive(run: Run, settings: Train) -> None:
    """From the warm-up on with `L_rec + lambda L_cl`."""
    sequences = Sequences.from_arrays(run.data)
    similarity = itemcf_iuf(sequences.train_inputs, sequences.item_count)
    neighbours = most_similar(similarity, sequences.train_inputs)
    views = ViewGenerator(sequences, settings.views, neighbours, settings.encoder.max_length)

    def with_contrast(base: NextItem) -> NextItemWithContrast:
        return NextItemWithContrast(base, views, settings.contrast)

    continue_from_warmup(run, settings, sequences, with_contrast)
