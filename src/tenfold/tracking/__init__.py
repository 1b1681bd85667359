"""Feeding MLflow from result files: a single writer, which can be repeated, dropped and rebuilt."""

from tenfold.tracking.load import track
from tenfold.tracking.server import serve

__all__ = ["serve", "track"]
