"""The loop that the benchmark compares with minimises the same function, and its operators are the same."""

import random

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks import ticoserec_padded_loop as one_by_one
from tenfold.papers.ticoserec import operators
from tenfold.papers.ticoserec.encoder import SASRec
from tenfold.papers.ticoserec.objectives import NextItem, NextItemWithContrast
from tenfold.papers.ticoserec.ragged import Ragged
from tenfold.papers.ticoserec.settings import Contrast, Encoder, Operator, Views
from tenfold.papers.ticoserec.similarity import itemcf_iuf, most_similar
from tenfold.papers.ticoserec.views import ViewGenerator
from tests.papers.ticoserec.sequences import batches, neighbours, random_sequences

LENGTH, ITEMS = 10, 30


@settings(max_examples=30)
@given(batches(), st.sampled_from([0.2, 0.5, 0.9]), st.sampled_from(["smallest", "largest"]))
def test_operators_one_by_one_agree_with_those_on_batches(batch, rate, at):
    rng, operator = np.random.default_rng(0), Operator(rate=rate, at=at)
    known = neighbours()
    together = {
        "crop": operators.crop(batch, rate, at, rng),
        "mask": operators.mask(batch, rate, at, rng),
        "substitute": operators.substitute(batch, rate, at, known, rng),
        "insert": operators.insert(batch, rate, at, known, rng),
    }
    for row in range(len(batch.lengths)):
        items = batch.items[row, : batch.lengths[row]].tolist()
        gaps = batch.gaps[row, : batch.gap_counts[row]].tolist()
        for name, view in together.items():
            similar = (lambda item: item + 200,) if name in ("substitute", "insert") else ()
            alone = getattr(one_by_one, name)(items, gaps, operator, random.Random(0), *similar)
            if name == "crop" and int(rate * len(items)) <= 2:
                assert len(alone) == view.lengths[row] == 1
            else:
                assert alone == view.items[row, : view.lengths[row]].tolist()


@pytest.mark.parametrize("seed", [0, 1])
def test_both_loops_have_the_same_loss_and_gradients(seed):
    torch.manual_seed(seed)
    sequences = random_sequences(seed, users=25, items=ITEMS)
    model = SASRec(ITEMS, Encoder(dimension=8, inner=16, max_length=LENGTH, initial_std=0.5)).eval()
    similar = most_similar(itemcf_iuf(sequences.train_inputs, ITEMS), sequences.train_inputs)
    contrast = Contrast(temperature=3.0)
    ours = NextItemWithContrast(
        NextItem(model, sequences, LENGTH, seed), ViewGenerator(sequences, Views(), similar, LENGTH), contrast
    )
    ours.begin_epoch(1)
    users = np.arange(5, 20)

    def left_padded(table: Ragged) -> torch.Tensor:
        rows = [table.values[a:b] for a, b in zip(table.offsets[:-1], table.offsets[1:], strict=True)]
        return torch.tensor(np.array([np.pad(row, (LENGTH - len(row), 0)) for row in rows]))

    base = ours.next_item
    tables = [base.inputs, base.targets(np.arange(25)), base._negatives, *ours._drawn]
    batch = tuple(left_padded(table.take(users)) for table in tables)
    gradients = []
    for losses in (ours.losses(users), one_by_one.padded_losses(model, batch, contrast)):
        model.zero_grad()
        losses["loss"].backward()
        gradients.append({name: p.grad.clone() for name, p in model.named_parameters()} | {"loss": losses["loss"]})
    for name, gradient in gradients[0].items():
        if name == "items.weight":  # row 0, padding, is looked up there and has no effect on the loss
            gradient, gradients[1][name] = gradient[1:], gradients[1][name][1:]
        torch.testing.assert_close(gradient, gradients[1][name], atol=2e-4, rtol=1e-3, msg=name)


def test_the_dataset_yields_padded_tensors_of_what_training_needs():
    sequences = random_sequences(users=25, items=ITEMS)
    similar = most_similar(itemcf_iuf(sequences.train_inputs, ITEMS), sequences.train_inputs)
    data = one_by_one.OneByOne(sequences, Views(keep_uniform=0.4), similar, LENGTH)
    for user in range(25):
        inputs, targets, negatives, *views = data[user]
        own = sequences.train_items.take(np.array([user])).values
        kept = min(len(own) - 1, LENGTH)
        assert inputs[LENGTH - kept :].tolist() == own[:-1][-kept:].tolist()
        assert targets[LENGTH - kept :].tolist() == own[1:][-kept:].tolist()
        assert not set(negatives[LENGTH - kept :].tolist()) & set(own.tolist())
        assert all(view.shape == (LENGTH,) for view in views)
        if user in data.kept:
            assert all(torch.equal(view, inputs) for view in views)
