"""The five augmentation operators as pure functions on batches of padded sequences (card, 3.5)."""

from tenfold.papers.ticoserec.operators.batch import At, Batch, View
from tenfold.papers.ticoserec.operators.positions import insert, mask, substitute
from tenfold.papers.ticoserec.operators.windows import crop, reorder

__all__ = ["At", "Batch", "View", "crop", "insert", "mask", "reorder", "substitute"]
