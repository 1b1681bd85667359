"""One module per method or study; `ALGORITHMS` finds them by the name that settings use."""

from collections.abc import Callable

from tenfold.papers.ticoserec.methods import (
    baselines,
    contrastive,
    cooccurrence,
    duorec,
    halves,
    iclrec,
    popularity,
    s3rec,
    sasrec,
    view_uniformity,
)
from tenfold.papers.ticoserec.settings import Algorithm, Train
from tenfold.training.run import Run

ALGORITHMS: dict[Algorithm, Callable[[Run, Train], None]] = {
    "popularity": popularity.run_popularity,
    "cooccurrence": cooccurrence.run_cooccurrence,
    "bpr-mf": baselines.run_bpr_mf,
    "gru4rec": baselines.run_gru4rec,
    "caser": baselines.run_caser,
    "tisasrec": baselines.run_tisasrec,
    "bert4rec": baselines.run_bert4rec,
    "sasrec-softmax": baselines.run_sasrec_softmax,
    "sasrec-warmup": sasrec.run_warmup,
    "sasrec": sasrec.run_sasrec,
    "contrastive": contrastive.run_contrastive,
    "variants": contrastive.run_variants,
    "s3rec": s3rec.run_s3rec,
    "duorec": duorec.run_duorec,
    "iclrec": iclrec.run_iclrec,
    "halves-cooccurrence": halves.run_halves_cooccurrence,
    "halves-sasrec": halves.run_halves_sasrec,
    "views": view_uniformity.run_views,
}
"""Algorithm -> function that carries out a job and saves its predictions."""
