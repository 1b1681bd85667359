"""Encoder, crops and training of TS2Vec."""

import numpy as np
import pytest
import torch
from pydantic import ValidationError

from tenfold.papers.leiad.ts2vec.encoder import Encoder
from tenfold.papers.leiad.ts2vec.losses import hierarchical_loss
from tenfold.papers.leiad.ts2vec.settings import TS2VecSettings
from tenfold.papers.leiad.ts2vec.training import Training, crops, standardized
from tenfold.training.checkpoint import restore, snapshot

SMALL = TS2VecSettings(hidden=4, depth=1, output=3, epochs=2)
WINDOWS = TS2VecSettings(hidden=4, depth=1, output=3, window=20, steps=6, batch=3)


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def series(*lengths: int) -> list[np.ndarray]:
    made = np.random.default_rng(0)
    return [standardized(made.normal(5, 2, length)) for length in lengths]


def training(settings: TS2VecSettings = SMALL, *lengths: int, seed: int = 0) -> Training:
    torch.manual_seed(seed)
    return Training(Encoder(settings), series(*(lengths or (30, 40, 25))), settings, generator(seed))


# ------------------------------------------------------------------------------------------------ the encoder


def test_the_published_encoder_has_its_size():
    """Weights counted by hand: 10 blocks of two 64 x 64 x 3 convolutions, a final block to 320, a map from 1 to 64."""
    encoder = Encoder(TS2VecSettings())
    hidden = 2 * (64 * 64 * 3 + 64)
    final = (64 * 320 * 3 + 320) + (320 * 320 * 3 + 320) + (64 * 320 + 320)
    assert sum(weight.numel() for weight in encoder.parameters()) == 128 + 10 * hidden + final
    assert encoder.reach == 2 * (2**11 - 1)
    assert encoder(torch.zeros(2, 9)).shape == (2, 9, 320)


def test_what_is_further_away_than_the_reach_does_not_matter_and_what_is_nearer_does():
    encoder = Encoder(SMALL).eval()
    x = torch.zeros(1, 50)
    changed = x.clone()
    changed[0, 25] = 1
    differs = (encoder(x) - encoder(changed)).abs().sum(-1)[0] > 1e-9
    assert set(torch.nonzero(differs).ravel().tolist()) <= set(range(25 - 6, 25 + 7))
    assert differs[25 - 6]
    assert differs[25 + 6]


def test_missing_and_masked_steps_have_the_same_latent():
    encoder = Encoder(SMALL).eval()
    x = torch.randn(1, 12, generator=generator())
    keep = torch.ones(1, 12, dtype=torch.bool)
    keep[0, 5] = False
    missing = x.clone()
    missing[0, 5] = torch.nan
    torch.testing.assert_close(encoder(x, keep), encoder(missing))
    assert not torch.allclose(encoder(x), encoder(missing))


# ------------------------------------------------------------------------------------------------- the crops


@pytest.mark.parametrize("seed", range(30))
def test_crops_overlap_where_they_say(seed):
    length, batch = 25, 4
    rows = torch.arange(length) + 100.0 * torch.arange(batch)[:, None]
    one, other, overlap = crops(rows, generator(seed))
    torch.testing.assert_close(one[:, -overlap:], other[:, :overlap])
    assert 2 <= overlap <= length
    for crop in (one, other):
        assert torch.all(crop.diff(dim=1) == 1), "time steps in a row, of one series"
        assert torch.all(crop // 100 == torch.arange(batch)[:, None])


def test_crops_reach_all_parts_of_a_series_and_all_lengths():
    rows, drawn = torch.arange(12.0)[None], generator()
    found = [crops(rows, drawn) for _ in range(600)]
    assert {overlap for *_, overlap in found} == set(range(2, 13))
    assert {int(one[0, 0]) for one, *_ in found} >= set(range(8))
    assert {int(other[0, -1]) for _, other, _ in found} >= set(range(4, 12))


# ----------------------------------------------------------------------------------------------- the training


def test_series_are_standardized_and_constant_ones_are_zero():
    found = standardized(np.array([1.0, 3.0]))
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, [-1, 1])
    assert not standardized(np.full(4, 0.1)).any()


def test_an_epoch_takes_every_series_once_and_long_ones_are_cut():
    model = training(SMALL.model_copy(update={"longest": 28}), 30, 40, 25)
    assert model.total == 6
    lengths = [model._next_series().shape[1] for _ in range(6)]
    assert sorted(lengths[:3]) == sorted(lengths[3:]) == [25, 28, 28]


def test_windows_come_from_anywhere_in_the_series_that_are_long_enough():
    model = training(WINDOWS, 30, 10, 20)
    drawn = torch.cat([model._windows() for _ in range(300)])
    assert drawn.shape[1] == 20
    starts = {round(float(row[0]), 5) for row in drawn}
    first, _, last = series(30, 10, 20)
    assert starts == {round(float(value), 5) for value in [*first[:11], last[0]]}
    assert training(WINDOWS, 8, 10)._windows().shape == (3, 10), "no series is long enough: as long as the longest"


def test_the_encoder_is_the_mean_of_the_weights_after_every_step_and_of_the_start():
    model = training(WINDOWS)
    seen = [model._learner.input.weight.detach().clone()]
    for _ in range(4):
        model.step()
        seen.append(model._learner.input.weight.detach().clone())
    torch.testing.assert_close(model.encoder.input.weight, torch.stack(seen).mean(0))
    assert not model.encoder.training


def test_learning_lowers_the_loss():
    settings = TS2VecSettings(hidden=8, depth=1, output=8, window=40, steps=40, batch=3, rate=1e-2)
    time = np.arange(400)
    waves = [standardized(np.sin(time / period)) for period in (3, 5, 9)]
    torch.manual_seed(0)
    model = Training(Encoder(settings), waves, settings, generator())

    @torch.no_grad()
    def loss_of_the_same_crops() -> float:
        drawn, encoder = generator(7), model._learner.eval()
        total = 0.0
        for _ in range(10):  # a single crop's loss says little: it grows with its length
            one, other, overlap = crops(torch.from_numpy(np.stack([wave[:80] for wave in waves])), drawn)
            total += hierarchical_loss(encoder(one)[:, -overlap:], encoder(other)[:, :overlap]).item()
        return total

    before = loss_of_the_same_crops()
    for _ in range(model.total):
        model.step()
    assert loss_of_the_same_crops() < 0.9 * before


@pytest.mark.parametrize("settings", [SMALL, WINDOWS])
def test_a_restored_training_goes_on_as_if_nothing_had_happened(settings):
    one = training(settings)
    for _ in range(2):
        one.step()
    saved = {name: _copied(part) for name, part in snapshot(one.state).items()}
    random = torch.get_rng_state()
    after = [one.step() for _ in range(3)]
    other = training(settings, seed=9)
    restore(other.state, saved)
    torch.set_rng_state(random)
    assert [other.step() for _ in range(3)] == after
    for mine, theirs in zip(one.encoder.parameters(), other.encoder.parameters(), strict=True):
        assert torch.equal(mine, theirs)


def _copied(part):
    if isinstance(part, torch.Tensor):
        return part.clone()
    if isinstance(part, dict):
        return {key: _copied(value) for key, value in part.items()}
    return [_copied(value) for value in part] if isinstance(part, list) else part


@pytest.mark.parametrize(
    ("fields", "message"),
    [({"window": 50}, "window and steps belong together"), ({"batch": 2}, "whole series differ in length")],
)
def test_settings_that_do_not_fit_together_are_refused(fields, message):
    with pytest.raises(ValidationError, match=message):
        TS2VecSettings(**fields)
