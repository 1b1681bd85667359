"""The test metrics of one model, from what training has saved: used there for Delta_m's base, and by evaluation."""

from __future__ import annotations

import numpy as np

from tenfold.papers.adatask.metrics import auc, mean_iou, pixel_accuracy


def dense_metrics(confusion: np.ndarray, depth: np.ndarray, epochs: int) -> tuple[float, float, float, float]:
    """Absolute and relative depth error, mIoU and pixel accuracy, each the mean over the last `epochs` epochs.

    `confusion` (E, 7, 7), rows true; `depth` (E, 3): sums of |error| and |error| / depth, and valid pixels.
    """
    rows = [
        (depth[e, 0] / depth[e, 2], depth[e, 1] / depth[e, 2], mean_iou(confusion[e]), pixel_accuracy(confusion[e]))
        for e in range(max(len(confusion) - epochs, 0), len(confusion))
    ]
    absolute, relative, iou, accuracy = np.mean(rows, axis=0)
    return float(absolute), float(relative), float(iou), float(accuracy)


def click_metrics(scores: np.ndarray, labels: np.ndarray) -> tuple[float, float]:
    """AUC of each task from `scores` and `labels` (N, 2)."""
    return auc(scores[:, 0], labels[:, 0]), auc(scores[:, 1], labels[:, 1])
