import numpy as np
import pytest
import torch
from torch.nn import functional

from tenfold.papers.ticoserec.encoder import SASRec
from tenfold.papers.ticoserec.losses import binary_cross_entropy, cosines, dot_products, nt_xent
from tenfold.papers.ticoserec.packed import Packed
from tenfold.papers.ticoserec.settings import Encoder
from tenfold.training.dropout import Dropout
from tests.papers.ticoserec.sequences import ragged

LENGTH = 12


def encoder(**changes):
    torch.manual_seed(0)
    settings = Encoder(**{"dimension": 8, "inner": 16, "max_length": LENGTH, "initial_std": 0.5, **changes})
    return SASRec(40, settings).eval()


def sequences(seed=0, users=30, masked=0.2):
    rng = np.random.default_rng(seed)
    rows = [rng.integers(1, 41, rng.integers(1, LENGTH + 1)) for _ in range(users)]
    for row in rows:
        row[:-1][rng.random(len(row) - 1) < masked] = 0
    return ragged(rows)


def by_padded_definition(model, table):
    """The encoder as the card writes it: left padding to L, additive mask of -10000, every position computed."""
    padded = torch.zeros(len(table), LENGTH, dtype=torch.long)
    for b, length in enumerate(table.lengths):
        padded[b, LENGTH - length :] = torch.from_numpy(table.values[table.offsets[b] : table.offsets[b + 1]])
    mask = torch.zeros(len(table), 1, LENGTH, LENGTH)
    mask.masked_fill_((padded == 0)[:, None, None, :], -10_000.0)
    mask += torch.full((LENGTH, LENGTH), -10_000.0).triu(1)
    x = model.norm(model.items(padded) + model.positions.weight)
    for layer in model.layers:
        query, key, value = (
            part.view(len(table), LENGTH, layer.heads, -1).transpose(1, 2)
            for part in layer.project_in(x).chunk(3, dim=-1)
        )
        mixed = functional.scaled_dot_product_attention(query, key, value, attn_mask=mask)
        mixed = mixed.transpose(1, 2).reshape(len(table), LENGTH, -1)
        x = layer.attention_norm(x + layer.project_out(mixed))
        x = layer.norm(x + layer.narrow(functional.gelu(layer.widen(x))))
    return x, padded > 0


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_packed_outputs_equal_the_padded_definition_at_every_real_position(seed):
    model, table = encoder(), sequences(seed)
    expected, real = by_padded_definition(model, table)
    packed = Packed.of(table, LENGTH)
    got = model(packed)
    assert torch.equal(real.nonzero(), torch.stack([packed.rows, packed.positions], dim=1))
    torch.testing.assert_close(got, expected[real], atol=1e-5, rtol=1e-5)


def test_packed_gradients_equal_those_of_the_padded_definition():
    model, table = encoder(), sequences()
    weights = torch.randn(len(Packed.of(table, LENGTH).items), 8)
    gradients = []
    for compute in (
        lambda: model(Packed.of(table, LENGTH)),
        lambda: (p := by_padded_definition(model, table))[0][p[1]],
    ):
        model.zero_grad()
        (compute() * weights).sum().backward()
        gradients.append([parameter.grad.clone() for parameter in model.parameters()])
    torch.testing.assert_close(*gradients, atol=1e-4, rtol=1e-4)


def test_a_later_item_changes_no_earlier_output():
    model = encoder()
    before, after = ragged([[5, 6, 7, 8]]), ragged([[5, 6, 7, 9]])
    first, second = (model(Packed.of(table, LENGTH)) for table in (before, after))
    torch.testing.assert_close(first[:3], second[:3])
    assert not torch.allclose(first[3], second[3])


def test_the_encoder_has_the_number_of_parameters_of_the_official_one_on_beauty():
    model = SASRec(12101, Encoder())
    assert sum(parameter.numel() for parameter in model.parameters()) == 1_820_800


def test_scores_are_products_with_the_items_without_padding_and_mask():
    model = encoder()
    hidden = torch.randn(3, 8)
    torch.testing.assert_close(model.scores(hidden), hidden @ model.items.weight[1:41].T)


def test_dropout_keeps_the_rate_and_the_expectation():
    torch.manual_seed(0)
    dropout = Dropout(0.2)
    x = torch.ones(400_001)
    y = dropout(x)
    assert (y == 0).float().mean() == pytest.approx(0.2, abs=0.004)
    assert y.mean() == pytest.approx(1, abs=0.005)
    assert len(y.unique()) == 2
    assert dropout.eval()(x) is x


def test_binary_cross_entropy_of_the_worked_examples():
    loss = binary_cross_entropy(torch.tensor([0.0, 2.0]), torch.tensor([0.0, -1.0]))
    assert float(loss) == pytest.approx(0.913242, abs=1e-6)
    assert float(binary_cross_entropy(torch.zeros(5), torch.zeros(5))) == pytest.approx(1.386294, abs=1e-6)


@pytest.mark.parametrize(
    ("first", "second", "loss"),
    [
        (torch.zeros(4, 3), torch.zeros(4, 3), 1.945910),
        (torch.eye(2), torch.eye(2), 0.551445),
        (torch.tensor([[1.0, 2], [0, 1]]), torch.tensor([[2.0, 1], [1, 0]]), 1.288726),
    ],
)
def test_contrastive_loss_of_the_worked_examples(first, second, loss):
    for views in (torch.cat([first, second]), torch.cat([second, first])):
        assert float(nt_xent(views @ views.T, 1.0)) == pytest.approx(loss, abs=1e-5)


def test_contrastive_loss_ignores_the_order_of_the_batch():
    torch.manual_seed(1)
    first, second, order = torch.randn(6, 4), torch.randn(6, 4), torch.randperm(6)
    views, permuted = torch.cat([first, second]), torch.cat([first[order], second[order]])
    torch.testing.assert_close(nt_xent(views @ views.T, 0.5), nt_xent(permuted @ permuted.T, 0.5))


def test_cosines_are_products_of_unit_vectors():
    vectors = torch.randn(5, 7, dtype=torch.float64)
    unit = functional.normalize(vectors)
    torch.testing.assert_close(cosines(vectors @ vectors.T), unit @ unit.T)


@pytest.mark.parametrize("first_row", [0, 4])
def test_dot_products_equal_those_of_the_flattened_outputs_and_so_do_gradients(first_row):
    batch = Packed.of(sequences(3, users=20), LENGTH)
    hidden = torch.randn(len(batch.items), 5, dtype=torch.float64, requires_grad=True)
    weights = torch.randn(20 - first_row, 20 - first_row, dtype=torch.float64)
    flat = torch.zeros(20, LENGTH, 5, dtype=torch.float64).index_put((batch.rows, batch.positions), hidden)
    flat = flat.view(20, -1)[first_row:]
    expected = flat @ flat.T
    got = dot_products(hidden, batch, first_row)
    torch.testing.assert_close(got, expected)
    gradients = [torch.autograd.grad((value * weights).sum(), hidden)[0] for value in (expected, got)]
    torch.testing.assert_close(*gradients)
