import numpy as np
import pytest
import torch
from torch.nn import functional

from tenfold.papers.ticoserec.encoder import SASRec
from tenfold.papers.ticoserec.methods.baselines import NextItemSoftmax
from tenfold.papers.ticoserec.methods.popularity import popularity_ranks
from tenfold.papers.ticoserec.models.bert4rec import BERT4Rec, Cloze
from tenfold.papers.ticoserec.models.bpr_mf import MatrixFactorization, PairwiseRanking
from tenfold.papers.ticoserec.models.caser import Caser
from tenfold.papers.ticoserec.models.gru4rec import GRU4Rec
from tenfold.papers.ticoserec.models.tisasrec import TiSASRec
from tenfold.papers.ticoserec.objectives import NextItem
from tenfold.papers.ticoserec.packed import Packed
from tenfold.papers.ticoserec.sequences import Sequences
from tenfold.papers.ticoserec.settings import Caser as CaserSettings
from tenfold.papers.ticoserec.settings import Encoder
from tests.papers.ticoserec.sequences import ragged, random_sequences

LENGTH = 12
ITEMS = 30
SMALL = Encoder(dimension=8, inner=16, max_length=LENGTH, initial_std=0.5)


def models():
    torch.manual_seed(0)
    return {
        "gru4rec": GRU4Rec(ITEMS, SMALL),
        "caser": Caser(ITEMS, 10, SMALL, CaserSettings(horizontal=3)),
        "tisasrec": TiSASRec(ITEMS, SMALL, 5),
    }


def model(name):
    return models()[name].eval()


def packed(items, times=None):
    table = ragged(items)
    times = ragged([range(len(row)) for row in items] if times is None else times)
    return Packed.of(table, LENGTH, users=np.arange(len(items)), times=times)


# ------------------------------------------------------------------------------------------- every sequence model


@pytest.mark.parametrize("name", list(models()))
def test_a_later_item_changes_no_earlier_output(name):
    first, second = (model(name)(packed([[1, 2], [5, 6, 7, last]])) for last in (8, 9))
    assert first.shape == (6, 8)
    torch.testing.assert_close(first[:5], second[:5])
    assert not torch.allclose(first[5], second[5])


@pytest.mark.parametrize("name", list(models()))
def test_outputs_do_not_depend_on_the_other_sequences_of_the_batch(name):
    rows = [[3, 4, 5], [1], [7, 7, 8, 9, 1, 2, 3, 4, 5], [2, 6]]
    together = model(name)(packed(rows))
    alone = Packed.of(ragged(rows[2:3]), LENGTH, users=np.array([2]), times=ragged([range(9)]))
    torch.testing.assert_close(together[4:13], model(name)(alone))


# ---------------------------------------------------------------------------------------------------- one by one


def test_gru_outputs_follow_the_equations_of_the_gated_unit():
    gru = model("gru4rec")
    items = [4, 9, 4, 20]
    weights = dict(gru.recurrent.named_parameters())
    state = torch.zeros(8)
    expected = []
    for item in items:
        inputs = (weights["weight_ih_l0"] @ gru.items.weight[item] + weights["bias_ih_l0"]).chunk(3)
        states = (weights["weight_hh_l0"] @ state + weights["bias_hh_l0"]).chunk(3)
        reset, update = torch.sigmoid(inputs[0] + states[0]), torch.sigmoid(inputs[1] + states[1])
        state = (1 - update) * torch.tanh(inputs[2] + reset * states[2]) + update * state
        expected.append(gru.project(state))
    torch.testing.assert_close(gru(packed([items])), torch.stack(expected))


def test_caser_agrees_with_filters_slid_by_hand_over_the_image_of_the_last_items():
    caser = model("caser")
    items = [4, 9, 2, 20, 11, 6]
    for place, output in enumerate(caser(packed([[1], items]))[1:]):
        image = torch.zeros(5, 8)
        seen = items[max(0, place - 4) : place + 1]
        image[5 - len(seen) :] = caser.items.weight[seen]
        features = []
        for height, filters in enumerate(caser.horizontal, start=1):
            windows = torch.stack([image[start : start + height] for start in range(6 - height)])
            values = torch.einsum("whd,fdh->wf", windows, filters.weight) + filters.bias
            features.append(values.relu().amax(0))
        features.append((image.T @ caser.vertical.weight.T + caser.vertical.bias).flatten())
        hidden = caser.first(torch.cat(features)).relu()
        torch.testing.assert_close(output, caser.second(torch.cat([hidden, caser.users.weight[1]])))


def test_caser_distinguishes_users():
    first, second = model("caser")(packed([[1, 2, 3], [1, 2, 3]])).split(3)
    assert not torch.allclose(first, second)


def test_tisasrec_attention_agrees_with_a_vector_for_every_pair():
    tisasrec = model("tisasrec")
    items, times = [4, 9, 2, 20, 11], [0, 1, 1, 4, 30]
    layer = tisasrec.layers[0]
    x = tisasrec.norm(tisasrec.items.weight[items])
    position = torch.arange(LENGTH - 5, LENGTH)
    query, key, value = layer.project_in(x).chunk(3, dim=-1)
    attended = torch.zeros(5, 8)
    for head in range(2):
        part = slice(4 * head, 4 * head + 4)
        for i in range(5):
            vectors = [min(abs(times[i] - times[j]), 5) for j in range(i + 1)]
            keys = key[: i + 1] + tisasrec.position_keys.weight[position[: i + 1]]
            keys = keys + tisasrec.interval_keys.weight[vectors]
            values = value[: i + 1] + tisasrec.position_values.weight[position[: i + 1]]
            values = values + tisasrec.interval_values.weight[vectors]
            weights = (keys[:, part] @ query[i, part] / 2).softmax(0)
            attended[i, part] = weights @ values[:, part]
    expected = layer.attention_norm(x + layer.project_out(attended))
    expected = layer.norm(expected + layer.narrow(functional.gelu(layer.widen(expected))))
    del tisasrec.layers[1]
    torch.testing.assert_close(tisasrec(packed([items], [times])), expected)


def test_tisasrec_hears_only_relative_times_clipped_at_the_largest():
    tisasrec, items = model("tisasrec"), [[4, 9, 2]]
    outputs = [tisasrec(packed(items, [times])) for times in ([0, 1, 20], [7, 8, 40], [0, 2, 20])]
    torch.testing.assert_close(outputs[0], outputs[1])
    assert not torch.allclose(outputs[0], outputs[2])


def test_times_count_in_units_of_a_user_s_shortest_training_gap():
    times = ragged([[10, 10, 16, 19, 40, 41], [5, 5, 5, 5, 9, 9]])
    sequences = Sequences(ragged([range(1, 7)] * 2), times, 6)
    assert sequences.own_units.values.tolist() == [0, 0, 2, 3, 10, 10] + 6 * [0]


def test_bert4rec_sees_both_sides_and_ends_in_a_mask():
    torch.manual_seed(0)
    bert = BERT4Rec(ITEMS, SMALL).eval()
    rows = [[5, 6, 7, 8], [1]]
    alone, together = bert(Packed.of(ragged(rows[:1]), LENGTH)), bert(Packed.of(ragged(rows), LENGTH))
    torch.testing.assert_close(together[:4], alone)
    changed = bert(Packed.of(ragged([[5, 6, 7, 9]]), LENGTH))
    assert not torch.allclose(alone[0], changed[0])
    queries = bert.queries(ragged([range(1, 21), [3]]), LENGTH)
    assert queries.values.tolist() == [*range(10, 21), 31, 3, 31]
    assert queries.lengths.tolist() == [12, 2]


def test_bidirectional_attention_of_sequences_of_different_lengths_agrees_with_each_alone():
    torch.manual_seed(0)
    bert = BERT4Rec(ITEMS, SMALL).eval()
    rows = [[1, 2, 3], [4], [5, 6], [7, 8, 9, 10]]  # one attention table
    together = bert(Packed.of(ragged(rows), LENGTH))
    alone = torch.cat([bert(Packed.of(ragged([row]), LENGTH)) for row in rows])
    torch.testing.assert_close(together, alone)


@pytest.mark.parametrize("share", [0.01, 0.2, 0.9])
def test_the_cloze_task_hides_its_share_and_at_least_one_item_a_user(share):
    sequences = random_sequences(users=400)
    cloze = Cloze(BERT4Rec(ITEMS, SMALL), sequences, LENGTH, share, seed=0)
    cloze.begin_epoch(1)
    _, items, owners = cloze.outputs(np.arange(400))
    assert set(owners) == set(range(400))
    assert (items > 0).all()
    assert (items <= ITEMS).all()
    if share == 0.2:
        lengths = cloze.items.lengths
        assert len(items) == pytest.approx((0.2 * lengths + 0.8**lengths).sum(), rel=0.1)


def test_the_cloze_loss_is_the_cross_entropy_of_the_hidden_items_only():
    torch.manual_seed(0)
    bert = BERT4Rec(ITEMS, SMALL).eval()
    cloze = Cloze(bert, random_sequences(), LENGTH, 0.3, seed=0)
    cloze.begin_epoch(1)
    users = np.arange(7)
    outputs, items, _ = cloze.outputs(users)
    chance = (outputs @ bert.items.weight[1:31].T).softmax(1)[np.arange(len(items)), items - 1]
    torch.testing.assert_close(cloze.losses(users)["loss"], -chance.log().mean())


def test_matrix_factorization_scores_are_products_with_the_user_s_vector():
    torch.manual_seed(0)
    model = MatrixFactorization(ITEMS, 4, SMALL).eval()
    batch = Packed.of(ragged([[1, 2], [3]]), LENGTH, users=np.array([2, 0]))
    scores = model.scores(model(batch)[batch.last_tokens()])
    torch.testing.assert_close(scores, model.users.weight[[2, 0]] @ model.items.weight[1:31].T)


def test_pairwise_ranking_is_the_mean_of_log_sigmoid_differences():
    torch.manual_seed(0)
    sequences = random_sequences(users=6)
    model = MatrixFactorization(ITEMS, 6, SMALL)
    objective = PairwiseRanking(model, sequences, seed=0)
    objective.begin_epoch(1)
    terms = []
    for user in (4, 1):
        own = slice(sequences.train_items.offsets[user], sequences.train_items.offsets[user + 1])
        for i, j in zip(sequences.train_items.values[own], objective._negatives.values[own], strict=True):
            vectors = model.items.weight[[i, j]] @ model.users.weight[user]
            terms.append(-torch.sigmoid(vectors[0] - vectors[1]).log())
    torch.testing.assert_close(objective.losses(np.array([4, 1]))["loss"], torch.stack(terms).mean())


def test_softmax_loss_is_the_cross_entropy_at_every_position():
    torch.manual_seed(0)
    sequences = random_sequences(users=6)
    model = SASRec(ITEMS, SMALL).eval()
    loss = NextItemSoftmax(NextItem(model, sequences, LENGTH, seed=0)).losses(np.array([3, 5]))["loss"]
    terms = []
    for user in (3, 5):
        inputs = sequences.train_inputs.last(LENGTH).take(np.array([user]))
        targets = sequences.train_targets.last(LENGTH).take(np.array([user])).values
        chance = (model(Packed.of(inputs, LENGTH)) @ model.items.weight[1:31].T).softmax(1)
        terms.append(-chance[np.arange(len(targets)), targets - 1].log())
    torch.testing.assert_close(loss, torch.cat(terms).mean())


def test_popularity_ranks_by_training_count_outside_the_history():
    # Training items (all but the last two of each): 1 three times, 2 twice, 3, 4 and 5 once.
    rows = [[1, 2, 7, 4], [1, 2, 7, 3], [1, 4, 7, 2], [3, 5, 7, 1]]
    sequences = Sequences(ragged(rows), ragged([range(4)] * 4), 8)
    # User 0: after leaving out 1, 2, 7, item 4 ties with 3 and 5. User 2: 2 is best. User 3: 1 is best.
    assert popularity_ranks(sequences, "test").tolist() == [2, 2, 0, 0]
