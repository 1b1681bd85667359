"""A training loop for TiCoSeRec as the published code runs one, in our own words: what the benchmark compares with.

What makes it slow is kept: views, negatives and padding are made for one sequence after the other with Python lists
inside a `Dataset`; all sequences are padded to L; the users and their views are encoded in two passes; losses are
computed at all positions and masked afterwards; the flattened outputs of all positions are multiplied. What its
authors use of PyTorch is kept, too: `DataLoader`, `nn.Dropout`, `Adam` with its default settings.

The loss is that of this suite (vectors are zero at padded positions, negatives are items outside a user's training
part), so that both loops minimise the same function. The encoder has the parameters of the suite's own.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset

from tenfold.papers.ticoserec.encoder import SASRec
from tenfold.papers.ticoserec.padded import padded_outputs
from tenfold.papers.ticoserec.ragged import Ragged
from tenfold.papers.ticoserec.sequences import Sequences
from tenfold.papers.ticoserec.settings import Contrast, Operator, Optimization, Views
from tenfold.papers.ticoserec.similarity import Neighbours
from tenfold.papers.ticoserec.views import train_gaps, unaugmented_users
from tenfold.training.dropout import Dropout

Items = list[int]
Sample = tuple[torch.Tensor, ...]
"""Inputs, targets, negatives and two views of one user, `(L,)` each."""


# -------------------------------------------------------------------------------------- operators, one sequence each


def crop(items: Items, gaps: list[int], operator: Operator, rng: random.Random) -> Items:
    width = int(operator.rate * len(items))
    if width <= 2:
        return [items[rng.randrange(max(len(items) - width, 1))]]
    start = window(items, gaps, width, operator, rng)
    return items[start : start + width]


def reorder(items: Items, gaps: list[int], operator: Operator, rng: random.Random) -> Items:
    width = int(operator.rate * len(items))
    if width < 2:
        return items
    start = window(items, gaps, width, operator, rng)
    inside = items[start : start + width]
    rng.shuffle(inside)
    return items[:start] + inside + items[start + width :]


def window(items: Items, gaps: list[int], width: int, operator: Operator, rng: random.Random) -> int:
    """First place of the window; of equal ones the last."""
    starts = range(len(items) - width + 1)
    if operator.at == "random":
        return rng.choice(starts)
    sign = 1 if operator.at == "smallest" else -1
    variances = [sign * float(np.var(gaps[start : start + width - 1])) for start in starts]
    return max(start for start in starts if variances[start] <= min(variances) + 1e-9)


def places(items: Items, gaps: list[int], count: int, operator: Operator, rng: random.Random) -> set[int]:
    """The items at the left end of the `count` largest or smallest gaps, or any; of equal gaps the first."""
    if operator.at == "random":
        return set(rng.sample(range(len(items)), min(count, len(items))))
    sign = 1 if operator.at == "smallest" else -1
    order = np.argsort(sign * np.array(gaps), kind="stable").tolist()
    return set(order[:count])


def mask(items: Items, gaps: list[int], operator: Operator, rng: random.Random) -> Items:
    if len(items) <= 1:
        return items
    hidden = places(items, gaps, int(operator.rate * len(items)), operator, rng)
    return [0 if place in hidden else item for place, item in enumerate(items)]


def substitute(
    items: Items, gaps: list[int], operator: Operator, rng: random.Random, nearest: Callable[[int], int]
) -> Items:
    if len(items) <= 1:
        return items
    replaced = places(items, gaps, max(int(operator.rate * len(items)), 1), operator, rng)
    return [nearest(item) if place in replaced else item for place, item in enumerate(items)]


def insert(
    items: Items, gaps: list[int], operator: Operator, rng: random.Random, nearest: Callable[[int], int]
) -> Items:
    filled = places(items, gaps, max(int(operator.rate * len(items)), 1), operator, rng)
    longer: Items = []
    for place, item in enumerate(items):
        new = [nearest(item)] if place in filled else []
        longer += [*new, item] if operator.at == "random" else [item, *new]
    return longer


# ------------------------------------------------------------------------------------------------------ the loop


class OneByOne(Dataset[Sample]):
    """Everything about one user is made when the user is asked for."""

    def __init__(
        self, sequences: Sequences, settings: Views, neighbours: Neighbours, max_length: int, seed: int = 0
    ) -> None:
        self.settings = settings
        self.max_length = max_length
        self.item_count = sequences.item_count
        self.items = _lists(sequences.train_items)
        self.gaps = _lists(train_gaps(sequences))
        self.kept = set(np.flatnonzero(unaugmented_users(sequences.variance, settings.keep_uniform)).tolist())
        self.neighbour = neighbours.item.tolist()
        self.known = neighbours.known.tolist()
        self.rng = random.Random(seed)

    def __len__(self) -> int:
        return len(self.items)

    def __getitem__(self, user: int) -> Sample:
        inputs, targets = self.items[user][:-1], self.items[user][1:]
        own = set(self.items[user])
        negatives = [self._negative(own) for _ in inputs]
        views = [inputs if user in self.kept else self.view(inputs, self.gaps[user]) for _ in range(2)]
        return tuple(torch.tensor(self._padded(row)) for row in (inputs, targets, negatives, *views))

    def view(self, items: Items, gaps: list[int]) -> Items:
        """One view, by an operator drawn from those for the sequence's length."""
        settings, rng = self.settings, self.rng
        name = rng.choice(settings.short if len(items) <= settings.short_length else settings.long)
        operator = getattr(settings, name)
        match name:
            case "crop":
                return crop(items, gaps, operator, rng)
            case "reorder":
                return reorder(items, gaps, operator, rng)
            case "mask":
                return mask(items, gaps, operator, rng)
            case "substitute":
                return substitute(items, gaps, operator, rng, self._nearest)
            case _:
                return insert(items, gaps, operator, rng, self._nearest)

    def _nearest(self, item: int) -> int:
        return self.neighbour[item] or self.rng.choice(self.known)

    def _negative(self, own: set[int]) -> int:
        item = self.rng.randint(1, self.item_count)
        while item in own:
            item = self.rng.randint(1, self.item_count)
        return item

    def _padded(self, items: Items) -> Items:
        return ([0] * (self.max_length - len(items)) + items)[-self.max_length :]


def padded_losses(model: SASRec, batch: Sample, contrast: Contrast) -> Mapping[str, torch.Tensor]:
    """`loss` of a batch of samples, and its parts `next-item` and `contrast`."""
    inputs, targets, negatives, *views = batch
    hidden = _encoded(model, inputs)  # (B, L, d)
    positive = (hidden * model.items(targets)).sum(-1)
    negative = (hidden * model.items(negatives)).sum(-1)
    real = (targets > 0).float()
    terms = torch.log(torch.sigmoid(positive) + 1e-24) + torch.log(1 - torch.sigmoid(negative) + 1e-24)
    next_item = -(terms * real).sum() / real.sum()

    both = torch.cat(views)
    flat = (_encoded(model, both) * (both > 0)[:, :, None]).flatten(1)  # (2B, L d)
    first, second = flat.chunk(2)
    logits = torch.cat(
        [
            torch.cat([first @ second.T, _without_itself(first @ first.T)], dim=1),
            torch.cat([second @ first.T, _without_itself(second @ second.T)], dim=1),
        ]
    )
    wanted = torch.arange(len(first)).repeat(2)
    contrasted = nn.functional.cross_entropy(logits / contrast.temperature, wanted)
    return {
        "loss": next_item + contrast.weight * contrasted,
        "next-item": next_item,
        "contrast": contrasted,
    }


class PaddedLoop:
    """Trains a model on some of the users, batch by batch."""

    def __init__(self, model: SASRec, data: OneByOne, contrast: Contrast, settings: Optimization) -> None:
        self.model = with_plain_dropout(model)
        self.data = data
        self.contrast = contrast
        self.batch_size = settings.batch_size
        self.optimizer = torch.optim.Adam(
            model.parameters(), lr=settings.learning_rate, weight_decay=settings.weight_decay
        )

    def train(self, users: np.ndarray) -> None:
        """One pass over the users in the given order."""
        self.model.train()
        for batch in DataLoader(self.data, batch_size=self.batch_size, sampler=users.tolist()):
            loss = padded_losses(self.model, batch, self.contrast)["loss"]
            self.optimizer.zero_grad()
            loss.backward()
            self.optimizer.step()
            loss.item()


def with_plain_dropout(model: SASRec) -> SASRec:
    """The model with PyTorch's dropout in place of the suite's faster one."""
    for module in list(model.modules()):
        for name, child in list(module.named_children()):
            if isinstance(child, Dropout):
                setattr(module, name, nn.Dropout(child.rate))
    return model


def _encoded(model: SASRec, items: torch.Tensor) -> torch.Tensor:
    """`(B, L, d)` for left-padded `items (B, L)`."""
    rows, length = items.shape
    return padded_outputs(model, Ragged.of_lengths(items.numpy().ravel(), np.full(rows, length)), length)


def _without_itself(products: torch.Tensor) -> torch.Tensor:
    return products.masked_fill(torch.eye(len(products), dtype=torch.bool), float("-inf"))


def _lists(table: Ragged) -> list[Items]:
    values = table.values.tolist()
    return [values[start:stop] for start, stop in zip(table.offsets[:-1], table.offsets[1:], strict=True)]
