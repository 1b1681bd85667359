import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from tenfold.papers.ticoserec.encoder import SASRec
from tenfold.papers.ticoserec.methods.cooccurrence import CoOccurrenceModel, cooccurrence_ranks
from tenfold.papers.ticoserec.negatives import NegativeSampler
from tenfold.papers.ticoserec.packed import Packed
from tenfold.papers.ticoserec.ranking import encoder_ranks, target_ranks
from tenfold.papers.ticoserec.sequences import Sequences
from tenfold.papers.ticoserec.settings import CoOccurrence, Encoder
from tests.papers.ticoserec.sequences import ragged, random_sequences

seeds = st.integers(0, 100)


@given(seeds)
def test_ranks_agree_with_sorting_the_unseen_items(seed):
    rng = np.random.default_rng(seed)
    sequences = random_sequences(seed, users=12)
    scores = rng.normal(size=(12, 30)).round(1)  # rounding makes ties
    histories, targets = sequences.history("test"), sequences.targets("test")
    ranks = target_ranks(lambda users: torch.from_numpy(scores[users]), histories, targets, 30)
    for user in range(12):
        seen = set(histories.values[histories.offsets[user] : histories.offsets[user + 1]])
        own = scores[user, targets[user] - 1]
        ahead = [j for j in range(1, 31) if j not in seen and j != targets[user] and scores[user, j - 1] >= own]
        assert ranks[user] == (30 if targets[user] in seen else len(ahead))


def test_scores_that_are_constant_or_not_numbers_are_no_hits():
    histories, targets = ragged([[1, 2], [3]]), np.array([3, 1])
    for value in (1.0, float("nan")):
        ranks = target_ranks(lambda users, value=value: torch.full((len(users), 50), value), histories, targets, 50)
        assert (ranks >= 47).all()


def test_random_scores_hit_at_the_rate_of_chance():
    torch.manual_seed(0)
    histories, targets = ragged([[1, 2, 3]] * 4000), np.full(4000, 9)
    ranks = target_ranks(lambda users: torch.rand(len(users), 103), histories, targets, 103)
    assert (ranks < 10).mean() == pytest.approx(10 / 100, abs=0.015)


def test_encoder_ranks_are_those_of_the_last_output():
    torch.manual_seed(0)
    sequences = random_sequences(5)
    model = SASRec(30, Encoder(dimension=8, max_length=10, initial_std=1.0)).eval()
    histories, targets = sequences.history("valid"), sequences.targets("valid")
    ranks = encoder_ranks(model, histories, targets, 10)
    for user in range(len(sequences)):
        own = histories.take(np.array([user]))
        scores = (model(Packed.of(own.last(10), 10))[-1:] @ model.items.weight[1:31].T).detach().numpy()[0]
        scores[own.values - 1] = -np.inf
        assert ranks[user] in (30, int((scores > scores[targets[user] - 1]).sum()))


@given(seeds)
def test_negatives_are_never_a_user_s_own_items(seed):
    sequences = random_sequences(seed, users=10, items=12, longest=12)
    sampler = NegativeSampler(sequences.train_items, 12)
    users = np.repeat(np.arange(10), 50)
    drawn = sampler.draw(users, np.random.default_rng(seed))
    own = [set(sequences.train_items.values[a:b]) for a, b in zip(
        sequences.train_items.offsets, sequences.train_items.offsets[1:], strict=False
    )]  # fmt: skip
    for user in range(10):
        assert set(drawn[users == user]) <= set(range(1, 13)) - own[user]


def test_negatives_are_uniform_over_the_other_items():
    sampler = NegativeSampler(ragged([[1, 2, 3]]), 13)
    drawn = sampler.draw(np.zeros(100_000, dtype=int), np.random.default_rng(0))
    np.testing.assert_allclose(np.bincount(drawn, minlength=14)[4:] / 100_000, 0.1, atol=0.005)


def test_a_user_who_holds_every_item_is_refused():
    with pytest.raises(ValueError, match="every item"):
        NegativeSampler(ragged([[1, 2, 3]]), 3)


@given(seeds)
def test_co_occurrence_scores_agree_with_a_double_loop(seed):
    rng = np.random.default_rng(seed)
    train = [list(rng.integers(1, 9, rng.integers(2, 9))) for _ in range(5)]
    settings = CoOccurrence(window=3, history=4)
    counts, popularity = np.zeros((9, 9)), np.bincount(np.concatenate(train), minlength=9)
    for row in train:
        for i, a in enumerate(row):
            for j in range(i + 1, min(i + 4, len(row))):
                counts[a, row[j]] += 1 / (j - i)
                counts[row[j], a] += 0.5 / (j - i)
    histories = [list(rng.integers(1, 9, rng.integers(1, 7))) for _ in range(4)]
    got = CoOccurrenceModel(ragged(train), 8, settings).scores(ragged(histories)).toarray()
    for user, history in enumerate(histories):
        expected = np.zeros(9)
        for k, item in enumerate(reversed(history[-4:])):
            expected += counts[item] / (k + 1) / np.sqrt(max(popularity[item], 1) * np.maximum(popularity, 1))
        np.testing.assert_allclose(got[user], expected)


@given(seeds)
def test_co_occurrence_ranks_are_those_of_the_full_table_of_scores(seed):
    sequences = random_sequences(seed, users=15, items=40, longest=7)
    model = CoOccurrenceModel(sequences.train_items, 40, CoOccurrence())
    histories, targets = sequences.history("test"), sequences.targets("test")
    table = torch.from_numpy(model.scores(histories).toarray()[:, 1:] + model.filler[1:])
    expected = target_ranks(lambda users: table[users], histories, targets, 40)
    assert model.ranks(histories, targets).tolist() == expected.tolist()


def test_items_without_co_occurrence_are_ordered_by_popularity():
    model = CoOccurrenceModel(ragged([[1, 2], [3, 4], [3, 5]]), 6, CoOccurrence())
    ranks = model.ranks(ragged([[1]] * 3), np.array([2, 3, 6]))
    assert ranks.tolist() == [0, 1, 4]


def test_a_target_that_every_user_has_had_before_is_a_miss_for_co_occurrence():
    sequences = Sequences(ragged([[1, 2, 3, 4, 1, 2]] * 5), ragged([range(6)] * 5), 4)
    assert (cooccurrence_ranks(sequences, "valid", CoOccurrence()) == 4).all()


def test_co_occurrence_finds_what_always_follows():
    follows = [[k, 1, 2, k + 20, 3, 4] for k in range(5, 15)]
    sequences = Sequences(ragged([*follows, [16, 17, 18, 1, 2, 19]]), ragged([range(6)] * 11), 40)
    assert cooccurrence_ranks(sequences, "valid", CoOccurrence())[-1] == 0
