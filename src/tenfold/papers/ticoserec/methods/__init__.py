"""One module per method or study; `ALGORITHMS` finds them by the name that settings use."""

from collections.abc import Callable

from tenfold.papers.ticoserec.methods import contrastive, cooccurrence, halves, sasrec, view_uniformity
from tenfold.papers.ticoserec.settings import Algorithm, Train
from tenfold.training.run import Run

ALGORITHMS: dict[Algorithm, Callable[[Run, Train], None]] = {
    "cooccurrence": cooccurrence.run_cooccurrence,
    "sasrec-warmup": sasrec.run_warmup,
    "sasrec": sasrec.run_sasrec,
    "contrastive": contrastive.run_contrastive,
    "halves-cooccurrence": halves.run_halves_cooccurrence,
    "halves-sasrec": halves.run_halves_sasrec,
    "views": view_uniformity.run_views,
}
"""Algorithm -> function that carries out a job and saves its predictions."""
