"""LMC-Memory: addressing, the two phases of training, the ConvLSTM cell, and one future."""

from __future__ import annotations

import dataclasses

import pytest
import torch
from torch import nn

from tenfold.errors import ConfigError
from tenfold.papers.dlh.models.base import Frame
from tenfold.papers.dlh.models.build import build
from tenfold.papers.dlh.models.lmc_memory import ConvLSTM, Memory, MotionContextMemory, State
from tests.papers.dlh.conftest import END, generator, settings

SMALL = {"channels": 4, "layers": 2, "slots": 7, "width": 16, "short": 4, "long": 6}
FIRST, SECOND = (dataclasses.replace(END, update=update, updates=10) for update in (9, 10))
WARMING_UP = dataclasses.replace(END, update=2, updates=10)


def small(**memory) -> MotionContextMemory:
    torch.manual_seed(1)
    model = build(settings(model="lmc-memory", memory=SMALL | memory), Frame(16, 16, 3)).double()
    assert isinstance(model, MotionContextMemory)
    return model


@pytest.fixture
def clip() -> torch.Tensor:
    """(2, 9, 16, 16, 3)"""
    return torch.rand((2, 9, 16, 16, 3), generator=generator(4), dtype=torch.float64)


def images(clip: torch.Tensor) -> torch.Tensor:
    return clip.permute(0, 1, 4, 2, 3)


# ---------------------------------------------------------------------------------------------- the memory


def test_addresses_sum_to_one_and_prefer_the_row_in_the_direction_of_the_query():
    memory = Memory(7, 16).double()
    query = torch.randn((3, 2, 16), generator=generator(), dtype=torch.float64)
    weights = memory.address(query, memory.slots)
    assert weights.shape == (3, 2, 7)
    torch.testing.assert_close(weights.sum(-1), torch.ones(3, 2, dtype=torch.float64))
    assert (weights > 0).all()
    assert (memory.address(5 * memory.slots, memory.slots).argmax(-1) == torch.arange(7)).all()


def test_addresses_depend_on_directions_alone():
    memory = Memory(7, 16).double()
    query = torch.randn((3, 16), generator=generator(), dtype=torch.float64)
    torch.testing.assert_close(memory.address(3 * query, 2 * memory.slots), memory.address(query, memory.slots))


def test_addresses_are_the_softmax_of_cosine_similarities():
    memory = Memory(4, 3).double()
    query = torch.randn((5, 3), generator=generator(), dtype=torch.float64)
    cosines = torch.cosine_similarity(query[:, None], memory.slots[None], dim=-1)
    torch.testing.assert_close(memory.address(query, memory.slots), torch.softmax(cosines, -1))


@pytest.mark.parametrize("frames", [2, 4, 9])
def test_what_is_recalled_depends_on_motion_alone_and_fits_any_length(clip, frames):
    model, short = small(), images(clip)[:, :frames]
    recalled = model.recall(short, model.short_encoder, model.memory.slots)
    assert recalled.shape == (2, 4, 4, 4)
    still = torch.rand((2, 1, 3, 16, 16), generator=generator(), dtype=torch.float64)
    torch.testing.assert_close(model.recall(short + still, model.short_encoder, model.memory.slots), recalled)


# ----------------------------------------------------------------------------------------------- two phases


def gradients(model: MotionContextMemory, clip, point) -> dict[str, bool]:
    """Whether each part learns something at an update."""
    model.zero_grad()
    model.loss(clip, point, generator())["loss"].backward()
    parts = {"memory": model.memory, "long": model.long_encoder, "short": model.short_encoder, "cells": model.cells}
    return {
        name: any(value.grad is not None and bool((value.grad != 0).any()) for value in part.parameters())
        for name, part in parts.items()
    }


def test_long_sequences_shape_the_memory_and_short_ones_only_learn_to_find(clip):
    assert gradients(small(), clip, FIRST) == {"memory": True, "long": True, "short": False, "cells": True}
    assert gradients(small(), clip, SECOND) == {"memory": False, "long": False, "short": True, "cells": True}


def test_an_optimiser_leaves_alone_what_a_phase_does_not_teach(clip):
    model = small()
    optimiser = torch.optim.Adam(model.parameters(), lr=0.1, fused=True)
    for point in (FIRST, SECOND):
        before = {name: value.detach().clone() for name, value in model.named_parameters()}
        loss = model.loss(clip, point, generator())["loss"]
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        moved = {name.split(".")[0] for name, value in model.named_parameters() if (value != before[name]).any()}
        assert ("memory" in moved) == ("long_encoder" in moved) == (point is FIRST)
        assert ("short_encoder" in moved) == (point is SECOND)


def test_the_loss_is_the_absolute_plus_the_squared_error_of_the_predicted_frames(clip):
    model = small()
    short = images(clip)[:, :4]
    context = model.recall(short, model.short_encoder, model.memory.slots)
    difference = model.roll_out(short, context, 5) - images(clip)[:, 4:]
    parts = model.loss(clip, SECOND, generator())
    torch.testing.assert_close(parts["loss"], difference.abs().mean() + (difference**2).mean())
    torch.testing.assert_close(parts["error"], (difference**2).sum((2, 3, 4)).mean())


def test_the_warm_up_predicts_the_first_frames_and_squares_their_errors(clip):
    model = small(first_frames=2)
    short = images(clip)[:, :4]
    context = model.recall(short, model.short_encoder, model.memory.slots)
    difference = model.roll_out(short, context, 2) - images(clip)[:, 4:6]
    torch.testing.assert_close(model.loss(clip, WARMING_UP, generator())["loss"], (difference**2).mean())
    later = clip.clone()
    later[:, 6:] = 0
    torch.testing.assert_close(
        model.loss(later, WARMING_UP, generator())["loss"], model.loss(clip, WARMING_UP, generator())["loss"]
    )


# ----------------------------------------------------------------------------------------------- prediction


def test_a_convlstm_cell_on_one_place_is_an_lstm_cell():
    cell, plain = ConvLSTM(5).double(), nn.LSTMCell(5, 5).double()
    centre = cell.gates.weight[:, :, 1, 1]  # all that meets a map of one place
    with torch.no_grad():
        enters, stays, leaves, new = (slice(5 * place, 5 * place + 5) for place in range(4))
        order = torch.cat([torch.arange(20)[part] for part in (enters, stays, new, leaves)])  # as PyTorch has it
        plain.weight_ih.copy_(centre[order, :5])
        plain.weight_hh.copy_(centre[order, 5:])
        plain.bias_ih.copy_(cell.gates.bias[order])
        plain.bias_hh.zero_()
    inputs, output, memory = torch.randn((3, 2, 5), generator=generator(), dtype=torch.float64)
    found = cell(inputs[..., None, None], State(output[..., None, None], memory[..., None, None]))
    wanted = plain(inputs, (output, memory))
    torch.testing.assert_close(found.output[..., 0, 0], wanted[0])
    torch.testing.assert_close(found.cell[..., 0, 0], wanted[1])


def test_a_fresh_model_lets_frames_through_and_remembers():
    model = build(settings(model="lmc-memory"), Frame(32, 32, 3))
    noise = torch.randn((8, 3, 32, 32), generator=generator())
    for stage in (model.encoder, model.decoder):
        inputs = noise if stage is model.encoder else torch.randn((8, 64, 8, 8), generator=generator())
        assert 0.3 < stage(inputs).std() / inputs.std() < 3
    for cell in model.cells:
        assert cell.gates.bias[32:64].tolist() == [1] * 32
        assert cell.gates.bias[:32].tolist() == [0] * 32


def test_there_is_one_future_whatever_is_drawn(clip):
    model = small()
    futures = [model.predict(clip, 3, samples, generator(samples)) for samples in (1, 10)]
    assert futures[0].shape == (1, 2, 3, 16, 16, 3)
    torch.testing.assert_close(futures[0], futures[1], rtol=0, atol=0)
    assert futures[0].min() >= 0
    assert futures[0].max() <= 1


def test_a_longer_future_begins_like_a_shorter_one(clip):
    model = small()
    long, short = (model.predict(clip, horizon, 1, generator()) for horizon in (6, 2))
    torch.testing.assert_close(long[:, :, :2], short)


def test_predictions_look_at_the_last_frames_of_the_context(clip):
    model = small()
    other = clip.clone()
    other[:, :5] = 0  # of nine, of which it sees four
    torch.testing.assert_close(model.predict(other, 3, 1, generator()), model.predict(clip, 3, 1, generator()))
    other[:, 5] = 0
    assert not torch.allclose(model.predict(other, 3, 1, generator()), model.predict(clip, 3, 1, generator()))


def test_there_are_no_levels_to_change(clip):
    assert small().posterior_events(clip, generator()) is None


def test_frames_that_cannot_be_halved_four_times_are_refused():
    with pytest.raises(ConfigError, match="frames of 24 x 24 four times: their sides must be multiples of 16"):
        build(settings(model="lmc-memory"), Frame(24, 24, 3))
