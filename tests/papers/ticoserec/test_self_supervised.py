"""S3-Rec, DuoRec and ICLRec."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.cluster import KMeans

from tenfold.papers.ticoserec.clustering import kmeans
from tenfold.papers.ticoserec.encoder import SASRec
from tenfold.papers.ticoserec.losses import nt_xent
from tenfold.papers.ticoserec.methods.contrastive import view_generator_of
from tenfold.papers.ticoserec.methods.duorec import NextItemWithSameTarget, alignment, uniformity
from tenfold.papers.ticoserec.methods.iclrec import NextItemWithIntents, intent_contrast, means_of_sequences
from tenfold.papers.ticoserec.models.s3rec import S3Rec, SelfSupervision, segments
from tenfold.papers.ticoserec.objectives import NextItem
from tenfold.papers.ticoserec.packed import Packed
from tenfold.papers.ticoserec.same_target import SameTarget
from tenfold.papers.ticoserec.sequences import Sequences
from tenfold.papers.ticoserec.settings import Contrast, Encoder, Intents, Train
from tests.papers.ticoserec.sequences import ragged, random_sequences

LENGTH = 12
ITEMS = 30
MASK = ITEMS + 1
SMALL = Encoder(dimension=8, inner=16, max_length=LENGTH, initial_std=0.5)


def lists(table):
    return [table.values[a:b].tolist() for a, b in zip(table.offsets[:-1], table.offsets[1:], strict=True)]


def last_output(model, items):
    return model(Packed.of(ragged([items]), LENGTH))[-1]


# --------------------------------------------------------------------------------------------------------- S3-Rec


def self_supervision(users=20):
    torch.manual_seed(0)
    model = S3Rec(ITEMS, SMALL).eval()
    model.causal = False
    tasks = SelfSupervision(model, random_sequences(users=users), LENGTH, 0.3, 0.5, seed=0)
    tasks.begin_epoch(3)
    return tasks


@given(st.lists(st.integers(1, 60), min_size=1, max_size=30), st.integers(0, 9))
def test_segments_lie_inside_and_hold_one_item_to_half_of_them(lengths, seed):
    lengths = np.array(lengths)
    start, length = segments(lengths, np.random.default_rng(seed))
    assert (start >= 0).all()
    assert (start + length <= lengths).all()
    assert (length >= 1).all()
    assert (length <= np.maximum(lengths // 2, 1)).all()


def test_a_segment_and_the_sequence_without_it_make_up_the_sequence():
    tasks = self_supervision()
    users = np.arange(20)
    everything = lists(tasks.items.take(users))
    without, alone, other = (lists(table) for table in tasks.segment_inputs(users))
    for row in range(20):
        hidden = [item == MASK for item in without[row]]
        assert 1 <= sum(hidden) <= max(len(hidden) // 2, 1)
        assert hidden == sorted(hidden[: hidden.index(True)]) + [True] * sum(hidden) + [False] * (
            len(hidden) - hidden.index(True) - sum(hidden)
        )
        pieces = zip(without[row], alone[row], strict=True)
        assert [b if a == MASK else a for a, b in pieces] == everything[row]
        assert [item == MASK for item in alone[row]] == [not inside for inside in hidden]
        assert [item == MASK for item in other[row]] == [not inside for inside in hidden]


def test_other_segments_are_windows_of_the_sequences_end_to_end():
    tasks = self_supervision()
    stream = "".join(chr(item) for item in tasks.items.values)
    for row in lists(tasks.segment_inputs(np.arange(20))[2]):
        assert "".join(chr(item) for item in row if item != MASK) in stream


def test_segment_loss_compares_the_true_with_the_other_segment_through_the_bilinear_form():
    tasks = self_supervision()
    users = np.array([4, 11, 2])
    terms = []
    for without, alone, other in zip(*map(lists, tasks.segment_inputs(users)), strict=True):
        context, true, false = (last_output(tasks.model, row) for row in (without, alone, other))
        form = tasks.model.segment_form.weight @ context + tasks.model.segment_form.bias
        terms.append(-torch.sigmoid(form @ true - form @ false).log())
    torch.testing.assert_close(tasks.segment_loss(users), torch.stack(terms).mean())


def test_masked_item_loss_compares_hidden_items_with_items_the_user_never_had():
    tasks = self_supervision()
    users = np.array([7, 0])
    terms = []
    for user in users:
        own = slice(tasks.items.offsets[user], tasks.items.offsets[user + 1])
        items, hidden = tasks.items.values[own], tasks.masked.hidden_of(np.array([user]))
        outputs = tasks.model(Packed.of(ragged([np.where(hidden, MASK, items)]), LENGTH))
        for place in np.flatnonzero(hidden):
            negative = tasks._negatives.values[own][place]
            assert negative not in items
            form = tasks.model.item_form.weight @ outputs[place] + tasks.model.item_form.bias
            true, false = form @ tasks.model.items.weight[items[place]], form @ tasks.model.items.weight[negative]
            terms.append(-torch.sigmoid(true - false).log())
    torch.testing.assert_close(tasks.masked_item_loss(users), torch.stack(terms).mean())


def test_pretraining_weighs_segments_and_starts_near_log_two():
    tasks = self_supervision()
    losses = tasks.losses(np.arange(20))
    torch.testing.assert_close(losses["loss"], losses["masked-item"] + 0.5 * losses["segment"])
    for parameter in tasks.model.parameters():
        torch.nn.init.zeros_(parameter)
    assert tasks.losses(np.arange(20))["loss"].item() == pytest.approx(1.5 * math.log(2))


def test_s3rec_sees_both_sides_in_pretraining_and_the_past_alone_afterwards():
    model = self_supervision().model
    both_sides, past = [], []
    for outputs, causal in ((both_sides, False), (past, True)):
        model.causal = causal
        outputs += [model(Packed.of(ragged([[1, 2, last]]), LENGTH)) for last in (3, 4)]
    assert not torch.allclose(both_sides[0][0], both_sides[1][0])
    torch.testing.assert_close(past[0][:2], past[1][:2])


# --------------------------------------------------------------------------------------------------------- DuoRec


def test_users_get_the_beginnings_of_sequences_that_lead_to_their_own_last_target():
    # Training items are all but the last two: 1 2 3 | 4 3 5 | 6 5 3 | 7 8 9.
    rows = [[1, 2, 3, 0, 0], [4, 3, 5, 0, 0], [6, 5, 3, 0, 0], [7, 8, 9, 0, 0]]
    same = SameTarget(Sequences(ragged(rows), ragged([range(5)] * 4), 9))
    assert same.last_target.tolist() == [3, 5, 3, 9]
    drawn = [tuple(map(tuple, lists(same.draw(np.random.default_rng(seed))))) for seed in range(40)]
    first, second, third, fourth = (set(column) for column in zip(*drawn, strict=True))
    assert first == {(4,), (6, 5)}
    assert second == {(6,)}
    assert third == {(1, 2), (4,)}
    assert fourth == {(7, 8)}  # nobody else's sequence leads to 9: their own


@settings(max_examples=20)
@given(st.integers(0, 1000))
def test_what_is_drawn_is_followed_by_the_same_target_somewhere(seed):
    sequences = random_sequences(seed, users=15, items=8)
    same = SameTarget(sequences)
    known = set()
    for row in lists(sequences.train_items):
        known |= {(tuple(row[:place]), row[place]) for place in range(1, len(row))}
    for drawn, target in zip(lists(same.draw(np.random.default_rng(seed))), same.last_target, strict=True):
        assert (tuple(drawn), target) in known


def test_false_negatives_are_left_out_of_the_denominator_and_a_positive_never_is():
    products = torch.tensor([[9.0, 1.0, 2.0, 3.0], [1.0, 9.0, 0.5, 1.5], [2.0, 0.5, 9.0, 2.5], [3.0, 1.5, 2.5, 9.0]])
    same = torch.ones(4, 4, dtype=torch.bool)
    assert float(nt_xent(products, 1.0, same)) == 0.0  # only the positives are left
    same = torch.zeros(4, 4, dtype=torch.bool)
    same[0, 3] = True
    rows = [([2.0, 1.0], 2.0), ([1.0, 0.5, 1.5], 1.5), ([2.0, 0.5, 2.5], 2.0), ([3.0, 1.5, 2.5], 1.5)]
    expected = np.mean([np.log(np.exp(row).sum()) - positive for row, positive in rows])
    assert float(nt_xent(products, 1.0, same)) == pytest.approx(expected)


def duorec(users=20, contrast=None):
    torch.manual_seed(0)
    sequences = random_sequences(users=users, items=ITEMS)
    base = NextItem(SASRec(ITEMS, SMALL).eval(), sequences, LENGTH, seed=0)
    objective = NextItemWithSameTarget(base, SameTarget(sequences), contrast or Contrast())
    objective.begin_epoch(1)
    return objective


@pytest.mark.parametrize("normalize", [True, False])
def test_duorec_contrasts_last_outputs_among_users_of_other_targets(normalize):
    objective = duorec(contrast=Contrast(normalize=normalize, temperature=0.7))
    users = np.arange(20)
    model, own = objective.next_item.model, lists(objective.next_item.inputs)
    vectors = torch.stack([last_output(model, row) for row in [*own, *lists(objective._drawn)]])
    vectors = torch.nn.functional.normalize(vectors, dim=1) if normalize else vectors
    target = np.tile(objective.same_target.last_target, 2)
    terms = []
    for anchor in range(40):
        positive = (anchor + 20) % 40
        compared = [view for view in range(40) if view == positive or target[view] != target[anchor]]
        logits = vectors[compared] @ vectors[anchor] / 0.7
        terms.append(logits.logsumexp(0) - vectors[anchor] @ vectors[positive] / 0.7)
    losses = objective.losses(users)
    torch.testing.assert_close(losses["contrast"], torch.stack(terms).mean(), atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(losses["loss"], losses["next-item"] + 0.1 * losses["contrast"])
    torch.testing.assert_close(losses["next-item"], objective.next_item.losses(users)["loss"])


def test_alignment_and_uniformity_of_hand_worked_vectors():
    square = torch.tensor([[1.0, 0.0], [0.0, 1.0], [-1.0, 0.0], [0.0, -1.0]])
    assert float(alignment(square, square.roll(1, 0))) == pytest.approx(2.0)
    assert float(uniformity(square)) == pytest.approx(math.log((4 * math.exp(-4) + 2 * math.exp(-8)) / 6))
    assert float(uniformity(square[:1].repeat(3, 1))) == 0.0


# --------------------------------------------------------------------------------------------------------- ICLRec


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_kmeans_agrees_with_scikit_learn_from_the_same_start(seed):
    rng = np.random.default_rng(seed)
    vectors = rng.normal(size=(200, 4)).astype(np.float32)
    start = np.random.default_rng(7).choice(200, size=6, replace=False)
    other = KMeans(6, init=vectors[start], n_init=1, max_iter=300, tol=0.0).fit(vectors)
    centres, cluster = kmeans(torch.from_numpy(vectors), 6, 300, np.random.default_rng(7))
    np.testing.assert_allclose(centres.numpy(), other.cluster_centers_, atol=1e-4)
    np.testing.assert_array_equal(cluster.numpy(), other.labels_)


def test_kmeans_has_no_more_clusters_than_vectors_and_survives_equal_ones():
    centres, cluster = kmeans(torch.ones(5, 3), 8, 3, np.random.default_rng(0))
    assert centres.shape == (5, 3)
    torch.testing.assert_close(centres[cluster], torch.ones(5, 3))


def test_intent_contrast_of_hand_worked_vectors():
    centres = torch.tensor([[1.0, 0.0], [0.0, 1.0]])
    vectors = torch.tensor([[2.0, 1.0], [0.0, 3.0], [1.0, 1.0]])
    # Users 0 and 2 share intent 0: neither is a negative of the other, and each is compared with user 1's intent alone.
    expected = np.mean([np.log(1 + np.exp(1 - 2)), np.log(np.exp(3) + 2) - 3, np.log(2)])
    assert float(intent_contrast(vectors, centres, torch.tensor([0, 1, 0]), 1.0)) == pytest.approx(expected)


def test_users_of_one_single_intent_have_no_negatives():
    assert float(intent_contrast(torch.randn(4, 2), torch.randn(1, 2), torch.zeros(4, dtype=torch.long), 1.0)) == 0.0


@pytest.mark.parametrize("normalize", [True, False])
def test_iclrec_adds_the_contrast_of_mean_outputs_with_intents_of_unit_length(normalize):
    torch.manual_seed(0)
    sequences = random_sequences(users=20, items=ITEMS)
    settings_of = Train(algorithm="iclrec", encoder=SMALL)
    base = NextItem(SASRec(ITEMS, SMALL).eval(), sequences, LENGTH, seed=0)
    contrast, intents = Contrast(normalize=normalize), Intents(count=4, weight=0.3)
    objective = NextItemWithIntents(base, view_generator_of(sequences, settings_of)(), contrast, intents)
    objective.begin_epoch(1)
    users = np.array([3, 4, 9, 12])
    torch.testing.assert_close(objective._centres.norm(dim=1), torch.ones(4))
    means = torch.stack([base.model(Packed.of(ragged([row]), LENGTH)).mean(0) for row in lists(base.inputs)])
    torch.testing.assert_close(objective.mean_outputs(), means.detach())

    expected = 0.0
    for view in objective._drawn:
        packed = [Packed.of(ragged([row]), LENGTH) for row in lists(view.take(users))]
        vectors = torch.stack([base.model(batch).mean(0) for batch in packed])
        vectors = torch.nn.functional.normalize(vectors, dim=1) if normalize else vectors
        expected += intent_contrast(vectors, objective._centres, objective._intent_of_user[users], 1.0)
    losses = objective.losses(users)
    torch.testing.assert_close(losses["intents"], expected)
    torch.testing.assert_close(losses["loss"], losses["next-item"] + 0.1 * losses["contrast"] + 0.3 * losses["intents"])


def test_a_view_that_is_masked_throughout_has_a_mean_of_zero():
    batch = Packed.of(ragged([[1, 2], [0, 0], [0, 3]]), LENGTH)
    means = means_of_sequences(torch.tensor([[1.0, 2.0], [3.0, 0.0], [7.0, 7.0]]), batch)
    assert means.tolist() == [[2.0, 1.0], [0.0, 0.0], [7.0, 7.0]]
