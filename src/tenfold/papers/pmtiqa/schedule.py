"""How the two tasks are weighed in each epoch, how the learning rate falls, and the loss."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor
from torch.nn import functional

ScheduleName = Literal["progressive", "fixed", "reversed"]


def task_weights(
    schedule: ScheduleName, epoch: int, epochs: int, regression: float = 1.0, classification: float = 1.0
) -> tuple[float, float]:
    """(lambda_1 of the regression, lambda_2 of the classification) in epoch 0 .. epochs - 1.

    progressive: lambda_1 = epoch / (epochs - 1), lambda_2 = 1 - lambda_1, and (1, 0) for a single epoch;
    reversed: the same from the other end; fixed: the two constants that were given.
    """
    if schedule == "fixed":
        return regression, classification
    share = epoch / (epochs - 1) if epochs > 1 else 1.0
    if schedule == "reversed" and epochs > 1:
        share = 1 - share
    return share, 1 - share


def rate_exponent(epoch: int, period: int = 6) -> int:
    """The learning rate in an epoch is lr0 times ten to this power.

    The code sets the rate of the *next* epoch to lr0 / 10^floor(t / 6) after epoch t, so the first period has one
    epoch more: -floor((epoch - 1) / period) from epoch 1 on.
    """
    return 0 if epoch == 0 else -((epoch - 1) // period)


def task_losses(
    quality: Tensor, logits: Tensor, labels: Tensor, classes: Tensor, present: Tensor
) -> tuple[Tensor, Tensor]:
    """L_reg = mean |q - y| and L_cls = mean -log softmax(l)_c over the present samples of each row.

    `quality`, `labels`, `classes`, `present` (..., B); `logits` (..., B, C). Returns two (...) tensors.
    """
    weights = present / present.sum(-1, keepdim=True)
    regression = ((quality - labels).abs() * weights).sum(-1)
    log_shares = functional.log_softmax(logits, -1)
    chosen = torch.gather(log_shares, -1, classes.unsqueeze(-1)).squeeze(-1)
    return regression, -(chosen * weights).sum(-1)
