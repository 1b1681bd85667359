"""Losses and measurements on images by hand."""

import math

import numpy as np
import pytest
import torch

from tenfold.papers.adatask.training.dense import Images, dense_losses, measured
from tenfold.papers.adatask.training.scores import click_metrics, dense_metrics


def batch():
    classes = torch.tensor([[[0, 1], [-1, 1]]])
    depth = torch.tensor([[[0.5, 0.0], [0.25, 1.0]]])
    return Images(torch.zeros(1, 1, 2, 2), classes, depth)


def test_unlabelled_pixels_and_pixels_without_depth_do_not_count():
    logits = torch.zeros(1, 7, 2, 2)
    predicted = torch.tensor([[[[0.6, 9.0], [0.05, 1.0]]]])
    segmentation, depth = dense_losses([logits, predicted], batch(), 0.5)
    assert segmentation.item() == pytest.approx(math.log(7))
    assert depth.item() == pytest.approx(0.5 * (0.1 + 0.2 + 0.0) / 3)


class Fixed(torch.nn.Module):
    def forward(self, images):
        logits = torch.full((len(images), 7, 2, 2), -1.0)
        logits[:, 1] = 1.0  # everything is of class 1
        return [logits, torch.full((len(images), 1, 2, 2), 0.5)]


def test_confusion_and_depth_errors_are_counted_over_the_right_pixels():
    one = batch()
    several = Images(*(part.repeat(3, *[1] * (part.ndim - 1)) for part in (one.images, one.classes, one.depth)))
    confusion, depth = measured(Fixed(), several)
    assert confusion.sum() == 9
    assert (confusion[0, 1], confusion[1, 1]) == (3, 6)
    assert depth.tolist() == pytest.approx([3 * (0 + 0.25 + 0.5), 3 * (0 + 1 + 0.5), 9])


def test_metrics_are_means_over_the_last_epochs():
    confusion = np.zeros((3, 7, 7))
    confusion[:, 0, 0], confusion[:, 1, 1] = [9, 3, 1], [9, 1, 1]
    confusion[:, 0, 1] = [0, 0, 2]
    depth = np.array([[9, 9, 1], [1, 2, 10], [3, 4, 10]], float)
    absolute, relative, iou, accuracy = dense_metrics(confusion, depth, 2)
    assert (absolute, relative) == pytest.approx((0.2, 0.3))
    assert accuracy == pytest.approx((1 + 0.5) / 2)
    assert iou == pytest.approx((1 + 1 / 3) / 2)


def test_aucs_of_both_tasks():
    scores = np.array([[0.1, 0.9], [0.4, 0.8], [0.35, 0.2], [0.8, 0.1]])
    labels = np.array([[0, 1], [0, 1], [1, 0], [1, 0]])
    assert click_metrics(scores, labels) == (0.75, 1.0)
