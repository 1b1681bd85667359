"""Aggregators against the card's hand-worked values T5, brute force, and torchjd."""

import numpy as np
import pytest
import torch
from torchjd import aggregation

from tenfold.papers.adatask.balancing import merging, surgery

CONFLICT = torch.tensor([[1.0, 0.0], [-1.0, 1.0]], dtype=torch.float64)
AGREE = torch.tensor([[1.0, 0.0], [0.0, 2.0]], dtype=torch.float64)
OTHERS = [[1], [0]]


def generator():
    return torch.Generator().manual_seed(0)


def gram(gradients):
    return merging.gram_matrix(gradients)


def merged(weights, gradients):
    return (torch.as_tensor(np.asarray(weights)) @ gradients).tolist()


def test_pcgrad_takes_the_conflicting_parts_away():
    contributions = torch.as_tensor(surgery.pcgrad(gram(CONFLICT), OTHERS)) @ CONFLICT
    assert contributions.tolist() == [[0.5, 0.5], [0.0, 1.0]]
    assert merging.PCGrad(2, generator()).merge(CONFLICT).sum(0).tolist() == [0.5, 1.5]


def test_pcgrad_leaves_gradients_without_conflict_alone():
    assert (surgery.pcgrad(gram(AGREE), OTHERS) == np.eye(2)).all()


def test_mgda_is_the_shortest_vector_of_the_hull():
    assert surgery.mgda(gram(CONFLICT)) == pytest.approx([0.6, 0.4])
    assert merged(surgery.mgda(gram(CONFLICT)), CONFLICT) == pytest.approx([0.2, 0.4])
    assert merged(surgery.mgda(gram(AGREE)), AGREE) == pytest.approx([0.8, 0.4])
    assert merging.MGDA(2, generator()).merge(CONFLICT).sum(0).tolist() == pytest.approx([0.4, 0.8])


def test_mgda_of_three_tasks_is_as_short_as_a_fine_grid_finds():
    gradients = torch.randn(3, 5, generator=generator(), dtype=torch.float64) + 0.5
    first, second = np.meshgrid(np.linspace(0, 1, 401), np.linspace(0, 1, 401))
    points = np.stack([first, second, 1 - first - second], -1).reshape(-1, 3)
    points = points[points[:, 2] >= 0]
    shortest = np.sqrt(np.einsum("ni,ij,nj->n", points, gram(gradients), points).min())
    weights = surgery.mgda(gram(gradients))
    assert weights.sum() == pytest.approx(1)
    assert np.sqrt(weights @ gram(gradients) @ weights) == pytest.approx(shortest, rel=1e-4)


def test_imtl_g_projects_equally_on_every_unit_gradient():
    weights = surgery.imtl_g(gram(CONFLICT))
    assert weights == pytest.approx([0.585786, 0.414214], abs=1e-6)
    assert merged(weights, CONFLICT) == pytest.approx([0.171573, 0.414214], abs=1e-6)
    assert surgery.imtl_g(gram(AGREE)) == pytest.approx([2 / 3, 1 / 3])
    gradients = torch.randn(4, 9, generator=generator(), dtype=torch.float64)
    direction = torch.as_tensor(surgery.imtl_g(gram(gradients))) @ gradients
    projections = (gradients / gradients.norm(dim=1, keepdim=True)) @ direction
    assert projections.numpy() == pytest.approx(np.full(4, float(projections[0])))


def test_cagrad_of_the_reference():
    weights, alpha = surgery.cagrad(gram(CONFLICT), 0.4)
    assert weights == pytest.approx([1, 0], abs=1e-9)
    assert merged(alpha, CONFLICT) == pytest.approx([0.344828, 0.862069], abs=1e-6)
    assert merged(alpha / 2, CONFLICT) == pytest.approx([0.172414, 0.431034], abs=1e-6)
    assert merged(alpha / 2 * 1.16, CONFLICT) == pytest.approx([0.2, 0.5], abs=1e-6)


@pytest.mark.parametrize("tasks", [2, 3, 5])
def test_cagrad_minimizes_its_objective(tasks):
    gradients = torch.randn(tasks, 6, generator=torch.Generator().manual_seed(tasks), dtype=torch.float64)
    inner = gram(gradients)

    def objective(w):
        return w @ inner.mean(1) + 0.4 * np.sqrt(inner.mean()) * np.sqrt(np.einsum("...i,ij,...j", w, inner, w))

    weights, _ = surgery.cagrad(inner, 0.4)
    assert weights.sum() == pytest.approx(1)
    tried = np.random.default_rng(0).dirichlet(np.full(tasks, 0.5), size=3000)
    assert objective(weights) <= min(objective(one) for one in tried) + 1e-7


def test_gradvac_raises_the_cosine_to_its_target():
    targets = np.array([[0.0, 0.3], [0.3, 0.0]])
    coefficients, following = surgery.gradvac(gram(CONFLICT), OTHERS, targets, 0.5)
    turned = torch.as_tensor(coefficients) @ CONFLICT
    for own, other in ((0, 1), (1, 0)):
        assert torch.cosine_similarity(turned[own], CONFLICT[other], dim=0).item() == pytest.approx(0.3)
    cosine = -1 / 2**0.5
    assert following[0, 1] == pytest.approx(0.5 * 0.3 + 0.5 * cosine)
    assert following[0, 0] == 0


def test_gradvac_leaves_gradients_alone_that_agree_well_enough():
    coefficients, _ = surgery.gradvac(gram(AGREE), OTHERS, np.full((2, 2), -0.5), 0.5)
    assert (coefficients == np.eye(2)).all()


def test_gradvac_remembers_its_targets():
    one, other = merging.GradVac(2, generator()), merging.GradVac(2, generator())
    one.merge(CONFLICT)
    other.load_state_dict(one.state_dict())
    assert torch.equal(one.merge(AGREE - 1), other.merge(AGREE - 1))
    assert one.targets[0, 1] != 0


def test_graddrop_keeps_one_sign_of_each_element():
    gradients = torch.tensor([[3.0, 1.0, -2.0, 0.0], [-1.0, 2.0, -1.0, 0.0]])
    # P = 0.75, 1, 0, 0.5
    assert surgery.graddrop(gradients, torch.tensor([0.7, 0.99, 0.01, 0.5])).tolist() == [
        [3.0, 1.0, -2.0, 0.0], [0.0, 2.0, -1.0, 0.0],
    ]  # fmt: skip
    assert surgery.graddrop(gradients, torch.tensor([0.8, 0.99, 0.01, 0.5]))[:, 0].tolist() == [0.0, -1.0]


def test_contributions_of_weighted_methods_are_along_each_gradient():
    gradients = torch.randn(3, 7, generator=generator(), dtype=torch.float64)
    for method in (merging.MGDA, merging.CAGrad, merging.IMTLG):
        contributions = method(3, generator()).merge(gradients)
        ratios = contributions / gradients
        assert torch.allclose(ratios, ratios[:, :1].expand_as(ratios))


# --------------------------------------------------------------------------------------------- torchjd


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("tasks", [2, 3])
def test_torchjd_agrees(tasks, seed):
    gradients = torch.randn(tasks, 6, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    inner = gram(gradients)
    mgda = aggregation.MGDA(epsilon=1e-9, max_iters=2000)(gradients)  # Frank-Wolfe: close for more than two tasks
    weights = surgery.mgda(inner)
    assert merged(weights, gradients) == pytest.approx(mgda.tolist(), abs=1e-6 if tasks == 2 else 0.03)
    assert np.sqrt(weights @ inner @ weights) <= mgda.norm().item() * (1 + 1e-9)
    imtl = aggregation.IMTLG()(gradients)
    assert merged(surgery.imtl_g(inner), gradients) == pytest.approx(imtl.tolist(), rel=1e-6)
    if tasks == 2:  # with more, both depend on the order of the others
        pcgrad = aggregation.PCGrad()(gradients)
        own = torch.as_tensor(surgery.pcgrad(inner, OTHERS)) @ gradients
        assert own.sum(0).tolist() == pytest.approx(pcgrad.tolist(), rel=1e-9)


@pytest.mark.parametrize("seed", range(4))
def test_torchjd_agrees_on_cagrad(seed):
    gradients = torch.randn(3, 6, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    try:
        expected = aggregation.CAGrad(c=0.4)(gradients)
    except ImportError as error:  # needs an extra of torchjd with a convex solver
        pytest.skip(str(error))
    _, alpha = surgery.cagrad(gram(gradients), 0.4)
    own = torch.as_tensor(alpha) @ gradients
    assert torch.cosine_similarity(own, expected, dim=0).item() == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize("seed", range(3))
def test_torchjd_agrees_on_graddrop(seed):
    gradients = torch.randn(3, 50, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    torch.manual_seed(seed)
    expected = aggregation.GradDrop()(gradients)
    torch.manual_seed(seed)
    uniform = torch.rand(50, dtype=torch.float64)
    assert torch.allclose(surgery.graddrop(gradients, uniform).sum(0), expected)
