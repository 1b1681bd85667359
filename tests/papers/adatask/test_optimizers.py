"""The optimizers against the card's reference values T1 and identities T2, and against torch.optim."""

import copy

import hypothesis.strategies as st
import numpy as np
import pytest
import torch
from hypothesis import given, settings

from tenfold.papers.adatask.dominance import Monitor
from tenfold.papers.adatask.optimizers import OPTIMIZERS, AdaGrad, Adam, RMSProp, task_gradients

G1, G2 = (0.5, 0.4, -0.3), (-0.01, 0.02, -0.02)
# T1: optimizer, accumulators -> u^1, u^2, theta, rAU^1 for t = 1, 2, 3; u = -d
T1 = {
    ("adam", "joint"): (
        (-0.102040814, -0.098036867, -0.041262934), (0.002040816, -0.001268712, 0.000896249),
        (0.900000002, 0.800694423, 0.760327737), (0.999600, 0.999718, 0.999701),
    ),
    ("adam", "task"): (
        (-0.099999998, -0.098812578, -0.042036719), (0.099999900, -0.036610330, 0.021513883),
        (0.999999902, 0.864576994, 0.844054159), (0.500000, 0.644715, 0.656304),
    ),
    ("rmsprop", "joint"): (
        (-1.020407955, -0.621595459, 0.419116182), (0.020408159, -0.031079773, 0.027941079),
        (0.000000204, -0.652675028, -0.205617767), (0.999600, 0.998988, 0.998548),
    ),
    ("rmsprop", "task"): (
        (-0.999999800, -0.626608262, 0.427081361), (0.999990000, -0.895318954, 0.668894084),
        (0.999990200, -0.521937016, 0.574038429), (0.500005, 0.431712, 0.404791),
    ),
    ("adagrad", "joint"): (
        (-0.102040816, -0.061980131, 0.041646587), (0.002040816, -0.003099007, 0.002776439),
        (0.900000000, 0.834920863, 0.879343889), (0.999600, 0.998990, 0.998554),
    ),
    ("adagrad", "task"): (
        (-0.100000000, -0.062469505, 0.042426407), (0.099999999, -0.089442719, 0.066666666),
        (0.999999999, 0.848087776, 0.957180849), (0.500000, 0.431485, 0.404510),
    ),
}  # fmt: skip
TORCH = {"adam": torch.optim.Adam, "rmsprop": torch.optim.RMSprop, "adagrad": torch.optim.Adagrad}
ALL = pytest.mark.parametrize("name", list(OPTIMIZERS))


def scalar(value=1.0):
    return torch.tensor(value, dtype=torch.float64)


def steps(name, gradients, *, accumulators="task", lr=0.1, start=1.0, **settings):
    """Parameter and updates along the steps (T, K, *shape) of given gradients."""
    gradients = torch.as_tensor(np.asarray(gradients), dtype=torch.float64)
    parameter = torch.full(gradients.shape[2:], start, dtype=torch.float64)
    group = {"params": [parameter], "tasks": gradients.shape[1], "accumulators": accumulators}
    optimizer = OPTIMIZERS[name]([group], lr=lr, **settings)
    optimizer.record_updates = True
    path, updates = [], []
    for gradient in gradients:
        parameter.grad = gradient[0]  # what a group of one task looks at
        optimizer.step([gradient] if len(gradient) > 1 else [])
        path.append(parameter.clone())
        updates += optimizer.updates
    return torch.stack(path), torch.stack(updates) if updates else None


@pytest.mark.parametrize(("name", "accumulators"), list(T1))
def test_three_steps_of_two_tasks_give_the_reference_values(name, accumulators):
    first, second, theta, share = T1[name, accumulators]
    path, updates = steps(name, np.stack([G1, G2], 1), accumulators=accumulators)
    assert path.numpy() == pytest.approx(np.array(theta), abs=2e-9)
    assert updates[:, 0].numpy() == pytest.approx(np.array(first), abs=2e-9)
    assert updates[:, 1].numpy() == pytest.approx(np.array(second), abs=2e-9)
    monitor = Monitor({"theta": 0}, decay=0.9)
    for update, expected in zip(updates, share, strict=True):
        monitor.observe([update], [update])
        assert monitor.means()[0, 0] == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize(
    ("accumulators", "expected"),
    [("joint", (1.878672e-3, 5.625524e-7)), ("task", (1.865462e-3, 9.769116e-4))],
)
def test_the_averages_of_squared_updates_after_three_steps_of_adam(accumulators, expected):
    monitor = Monitor({"theta": 0}, decay=0.9)
    for update in steps("adam", np.stack([G1, G2], 1), accumulators=accumulators)[1]:
        monitor.observe([update], [update])
    assert monitor.updates[0].numpy() == pytest.approx(np.array(expected), rel=1e-6)


@ALL
def test_joint_accumulators_are_the_ordinary_optimizer_on_the_sum(name):
    gradients = torch.randn(30, 3, 4, 2, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    path, _ = steps(name, gradients, accumulators="joint", lr=0.05)
    assert torch.allclose(path[-1], ordinary(name, gradients.sum(1), 0.05), rtol=0, atol=1e-13)


def ordinary(name, gradients, lr):
    parameter = torch.ones(gradients.shape[1:], dtype=gradients.dtype)
    optimizer = TORCH[name]([parameter], lr=lr)
    for gradient in gradients:
        parameter.grad = gradient.clone()
        optimizer.step()
    return parameter


@ALL
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_one_task_is_the_ordinary_optimizer(name, dtype):
    gradients = torch.randn(25, 5, generator=torch.Generator().manual_seed(1), dtype=torch.float64).to(dtype)
    parameter = torch.ones(5, dtype=dtype)
    optimizer = OPTIMIZERS[name]([parameter], lr=0.05)
    for gradient in gradients:
        parameter.grad = gradient
        optimizer.step()
    assert torch.allclose(parameter, ordinary(name, gradients, 0.05), rtol=8 * torch.finfo(dtype).eps, atol=1e-7)


@ALL
def test_equal_gradients_move_as_many_times_as_far_as_there_are_tasks(name):
    gradient = torch.randn(6, 1, 4, generator=torch.Generator().manual_seed(2), dtype=torch.float64)
    three = gradient.expand(6, 3, 4)
    alone = steps(name, gradient, start=0.0)[0]
    assert torch.allclose(steps(name, three, start=0.0)[0], 3 * alone, atol=1e-7)
    assert torch.allclose(steps(name, three, start=0.0, accumulators="joint")[0], alone, atol=1e-6)


@pytest.mark.parametrize(("name", "length"), [("adam", 0.1), ("adagrad", 0.1), ("rmsprop", 0.1 / 0.01**0.5)])
def test_the_first_step_is_the_sum_of_signs(name, length):
    gradients = torch.tensor([[[3.0, -0.02, 5.0], [0.4, 7.0, -0.3]]], dtype=torch.float64)
    path, _ = steps(name, gradients, start=0.0)
    assert torch.allclose(path[0], -length * gradients[0].sign().sum(0), atol=1e-5)


@ALL
@given(scales=st.lists(st.floats(1e-3, 1e3), min_size=2, max_size=2))
@settings(max_examples=15, deadline=None)
def test_the_scale_of_a_loss_does_not_matter(name, scales):
    gradients = torch.randn(20, 2, 3, generator=torch.Generator().manual_seed(3), dtype=torch.float64)
    scaled = gradients * torch.tensor(scales, dtype=torch.float64)[:, None]
    plain = steps(name, gradients, eps=0.0)[0]
    assert torch.allclose(steps(name, scaled, eps=0.0)[0], plain, rtol=1e-6, atol=1e-9)


@ALL
def test_the_scale_of_a_loss_does_matter_to_a_joint_optimizer(name):
    gradients = torch.randn(20, 2, 3, generator=torch.Generator().manual_seed(3), dtype=torch.float64)
    scaled = gradients * torch.tensor([1.0, 100.0], dtype=torch.float64)[:, None]
    joint = [steps(name, given, accumulators="joint")[0][-1] for given in (gradients, scaled)]
    assert (joint[0] - joint[1]).abs().max() > 0.05


@ALL
def test_shares_sum_to_one_ignore_the_learning_rate_and_follow_the_order_of_tasks(name):
    gradients = torch.randn(8, 3, 4, generator=torch.Generator().manual_seed(4), dtype=torch.float64)

    def shares(given, lr):
        monitor = Monitor({"theta": 0}, decay=0.9)
        for update in steps(name, given, lr=lr)[1]:
            monitor.observe([update], [update])
        return monitor.means()[0]

    reference = shares(gradients, 0.1)
    assert reference.sum() == pytest.approx(1)
    assert shares(gradients, 0.003) == pytest.approx(reference, rel=1e-9)
    order = [2, 0, 1]
    assert shares(gradients[:, order], 0.1) == pytest.approx(reference[order], rel=1e-12)


@pytest.mark.parametrize(("accumulators", "expected"), [("joint", (0.9, 0.1)), ("task", (0.5, 0.5))])
def test_constant_gradients_of_three_to_one(accumulators, expected):
    monitor = Monitor({"theta": 0})
    for update in steps("rmsprop", np.tile([3.0, 1.0], (50, 1)), accumulators=accumulators)[1]:
        monitor.observe([update], [update])
    assert monitor.means()[0] == pytest.approx(np.array(expected), abs=1e-6)


@pytest.mark.parametrize(("name", "bound"), [("adam", 0.1 / 0.001**0.5), ("rmsprop", 10.0), ("adagrad", 1.0)])
@given(sizes=st.lists(st.floats(-6, 6), min_size=12, max_size=12))
@settings(max_examples=25, deadline=None)
def test_the_step_of_a_task_is_bounded(name, bound, sizes):
    gradients = (10.0 ** np.array(sizes)).reshape(6, 2)
    _, updates = steps(name, gradients, lr=1.0)
    assert updates.abs().max() <= bound * (1 + 1e-9)


def test_a_zero_gradient_still_moves_the_parameter_through_adams_momentum():
    path, _ = steps("adam", [[1.0, 0.0], [0.0, 0.0]])
    assert path[1] < path[0] - 0.01


def test_it_is_not_a_descent_method():
    """g = (1, 1, 1, -4) sums to -1, so the summed loss falls towards larger theta; the step goes the other way."""
    path, _ = steps("adam", [[1.0, 1.0, 1.0, -4.0]], start=0.0)
    assert path[0] == pytest.approx(-0.2, abs=1e-6)


# -------------------------------------------------------------------------------------- gradients and groups


def small_model():
    torch.manual_seed(0)
    trunk = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.Tanh())
    heads = torch.nn.ModuleList([torch.nn.Linear(4, 1) for _ in range(2)])
    return trunk.double(), heads.double()


def losses_of(trunk, heads, inputs):
    features = trunk(inputs)
    return [head(features).square().mean() * scale for head, scale in zip(heads, (1.0, 0.1), strict=True)]


def test_task_gradients_are_those_of_separate_backward_passes_and_heads_get_the_gradient_of_the_sum():
    trunk, heads = small_model()
    inputs = torch.randn(5, 3, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    shared, specific = list(trunk.parameters()), list(heads.parameters())
    expected = [torch.autograd.grad(loss, shared, retain_graph=True) for loss in losses_of(trunk, heads, inputs)]
    of_sum = torch.autograd.grad(sum(losses_of(trunk, heads, inputs)), specific)
    found = task_gradients(losses_of(trunk, heads, inputs), shared, specific)
    for place, gradient in enumerate(found):
        assert torch.equal(gradient, torch.stack([one[place] for one in expected]))
    for parameter, gradient in zip(specific, of_sum, strict=True):
        assert torch.equal(parameter.grad, gradient)


def test_a_shared_parameter_that_a_task_does_not_use_has_a_zero_gradient():
    one, other = torch.ones(2, requires_grad=True), torch.ones(3, requires_grad=True)
    gradients = task_gradients([one.sum(), one.sum() + other.sum()], [one, other])
    assert gradients[1].tolist() == [[0, 0, 0], [1, 1, 1]]


def trained(name, steps_count, saved_after=None):
    """Parameters after some steps; with `saved_after`, the optimizer is rebuilt from its state there."""
    trunk, heads = small_model()
    generator = torch.Generator().manual_seed(2)
    shared, specific = list(trunk.parameters()), list(heads.parameters())

    def build():
        return OPTIMIZERS[name]([{"params": shared, "tasks": 2}, {"params": specific}], lr=0.01)

    optimizer = build()
    for step in range(steps_count):
        inputs = torch.randn(5, 3, generator=generator, dtype=torch.float64)
        optimizer.zero_grad()
        optimizer.step(task_gradients(losses_of(trunk, heads, inputs), shared, specific))
        if step + 1 == saved_after:
            state = copy.deepcopy(optimizer.state_dict())
            optimizer = build()
            optimizer.load_state_dict(state)
    return torch.cat([parameter.detach().reshape(-1) for parameter in [*shared, *specific]])


@ALL
def test_a_state_that_is_saved_and_loaded_goes_on_bit_for_bit(name):
    assert torch.equal(trained(name, 8), trained(name, 8, saved_after=3))


@ALL
def test_heads_take_the_step_of_the_ordinary_optimizer(name):
    trunk, heads = small_model()
    inputs = torch.randn(5, 3, generator=torch.Generator().manual_seed(3), dtype=torch.float64)
    shared, specific = list(trunk.parameters()), list(heads.parameters())
    twin = [parameter.detach().clone() for parameter in specific]
    optimizer = OPTIMIZERS[name]([{"params": shared, "tasks": 2}, {"params": specific}], lr=0.01)
    optimizer.step(task_gradients(losses_of(trunk, heads, inputs), shared, specific))
    for parameter, copied in zip(specific, twin, strict=True):
        copied.grad = parameter.grad
    TORCH[name](twin, lr=0.01).step()
    for parameter, copied in zip(specific, twin, strict=True):
        assert torch.allclose(parameter, copied, rtol=0, atol=1e-14)


def test_the_state_of_shared_parameters_is_one_for_each_task():
    shared, head = torch.zeros(3), torch.zeros(2)
    head.grad = torch.ones(2)
    optimizer = Adam([{"params": [shared], "tasks": 4}, {"params": [head]}])
    optimizer.step([torch.ones(4, 3)])
    assert optimizer.state[shared]["exp_avg"].shape == optimizer.state[shared]["exp_avg_sq"].shape == (4, 3)
    assert optimizer.state[head]["exp_avg"].shape == (1, 2)
    assert optimizer.updates == []


def test_mistakes_are_named():
    with pytest.raises(ValueError, match="lr is -1"):
        Adam([torch.zeros(1)], lr=-1)
    with pytest.raises(ValueError, match="eps is -1"):
        AdaGrad([torch.zeros(1)], eps=-1)
    with pytest.raises(ValueError, match="betas are"):
        Adam([torch.zeros(1)], betas=(1.0, 0.9))
    with pytest.raises(ValueError, match="decay is"):
        RMSProp([torch.zeros(1)], decay=1.0)
    with pytest.raises(ValueError, match="known: task, joint"):
        Adam([{"params": [torch.zeros(1)], "accumulators": "both"}])
    with pytest.raises(ValueError, match="tasks is 0"):
        Adam([{"params": [torch.zeros(1)], "tasks": 0}])
    optimizer = Adam([{"params": [torch.zeros(3)], "tasks": 2}])
    with pytest.raises(ValueError, match=r"need \[\(2, 3\)\]"):
        optimizer.step([torch.zeros(3, 3)])
    with pytest.raises(ValueError, match=r"\[\(2, 3\), \(2, 3\)\], the groups"):
        optimizer.step([torch.zeros(2, 3), torch.zeros(2, 3)])
    with pytest.raises(ValueError, match="tasks 3, this optimizer 2"):
        optimizer.load_state_dict(Adam([{"params": [torch.zeros(3)], "tasks": 3}]).state_dict())
