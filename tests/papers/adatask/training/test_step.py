"""The step of multi-task training against plain loops written as in the papers."""

import pytest
import torch
from torch import nn

from tenfold.papers.adatask.settings import Train
from tenfold.papers.adatask.training.step import TaskStep

RATE = 0.01


class Small(nn.Module):
    """Two shared layers and two heads."""

    def __init__(self):
        super().__init__()
        self.low, self.high = nn.Linear(4, 6), nn.Linear(6, 3)
        self.heads = nn.ModuleList([nn.Linear(3, 1), nn.Linear(3, 2)])

    def losses(self, inputs):
        features = torch.tanh(self.high(torch.tanh(self.low(inputs))))
        return [(self.heads[0](features) - 1).square().mean(), 0.05 * self.heads[1](features).square().mean()]

    @staticmethod
    def shared_names():
        return ["low.weight", "low.bias", "high.weight", "high.bias"]


def model():
    torch.manual_seed(0)
    return Small().double()


def step_of(network, only=None, watched=None, **settings):
    return TaskStep(
        network,
        network.shared_names(),
        Train(
            learning_rates={name: [RATE] for name in ("adam", "rmsprop", "adagrad")},
            clicks={"epochs": 1, "batch_size": 1},
            **settings,
        ),
        tasks=2,
        lr=RATE,
        generator=torch.Generator().manual_seed(1),
        only=only,
        watched=watched or {"low": "low.weight", "high": "high.weight"},
        last_layer="high",
    )


def batches(count=6):
    return torch.randn(6, 5, 4, generator=torch.Generator().manual_seed(2), dtype=torch.float64)[:count]


def flat(network):
    return torch.cat([parameter.detach().reshape(-1) for parameter in network.parameters()])


def after(count=6, **settings):
    network = model()
    step = step_of(network, **settings)
    for inputs in batches(count):
        step.take(network.losses(inputs))
    return network, step


@pytest.mark.parametrize(
    ("name", "ordinary"),
    [("adam", torch.optim.Adam), ("rmsprop", torch.optim.RMSprop), ("adagrad", torch.optim.Adagrad)],
)
@pytest.mark.parametrize("monitored", [False, True])
def test_equal_weighting_is_the_ordinary_optimizer_whether_watched_or_not(name, ordinary, monitored):
    network, step = after(optimizer=name, monitoring={"enabled": monitored})
    twin = model()
    optimizer = ordinary(twin.parameters(), lr=RATE)
    for inputs in batches():
        optimizer.zero_grad()
        sum(twin.losses(inputs)).backward()
        optimizer.step()
    assert torch.allclose(flat(network), flat(twin), atol=1e-9)
    assert step.backward_passes == (2 if monitored else 1)


def test_adatask_is_algorithm_2_written_down_with_one_more_backward_pass():
    network, _ = after(accumulators="task")
    twin = model()
    named = dict(twin.named_parameters())
    shared = [named[name] for name in twin.shared_names()]
    heads = torch.optim.Adam(twin.heads.parameters(), lr=RATE)
    first = [[torch.zeros_like(p) for p in shared] for _ in range(2)]
    second = [[torch.zeros_like(p) for p in shared] for _ in range(2)]
    for t, inputs in enumerate(batches(), start=1):
        losses = twin.losses(inputs)
        steps = [torch.zeros_like(p) for p in shared]
        for k, loss in enumerate(losses):
            for place, gradient in enumerate(torch.autograd.grad(loss, shared, retain_graph=True)):
                first[k][place] = 0.9 * first[k][place] + 0.1 * gradient
                second[k][place] = 0.999 * second[k][place] + 0.001 * gradient**2
                corrected = second[k][place] / (1 - 0.999**t)
                steps[place] += RATE * first[k][place] / (1 - 0.9**t) / (corrected.sqrt() + 1e-8)
        heads.zero_grad()
        sum(losses).backward()
        heads.step()
        with torch.no_grad():
            for parameter, change in zip(shared, steps, strict=True):
                parameter -= change
    assert torch.allclose(flat(network), flat(twin), atol=1e-10)


@pytest.mark.parametrize("method", ["equal", "pcgrad", "mgda", "cagrad", "imtl-g", "graddrop", "gradvac", "gradnorm"])
@pytest.mark.parametrize("accumulators", ["joint", "task"])
def test_what_the_tasks_add_is_what_the_parameters_move(method, accumulators):
    network, step = after(3, balance={"method": method}, accumulators=accumulators, monitoring={"enabled": True})
    before = {name: parameter.detach().clone() for name, parameter in network.named_parameters()}
    step.take(network.losses(batches(1)[0]))
    for name, update in zip(network.shared_names(), step.optimizer.updates, strict=True):
        assert torch.allclose(before[name] + update.sum(0), dict(network.named_parameters())[name], atol=1e-12)


def test_weightings_take_one_backward_pass_and_gradient_methods_as_many_as_tasks():
    for method, passes in (("uw", 1), ("dwa", 1), ("rlw", 1), ("gradnorm", 2), ("pcgrad", 2)):
        assert step_of(model(), balance={"method": method}).backward_passes == passes
    assert step_of(model(), accumulators="task").backward_passes == 2
    assert step_of(model(), only=1, balance={"method": "single"}, monitoring={"enabled": True}).backward_passes == 1


def test_a_task_alone_leaves_the_other_head_as_it_was():
    network, untouched = model(), model()
    step = step_of(network, only=1, balance={"method": "single"})
    for inputs in batches():
        step.take(network.losses(inputs))
    assert torch.equal(network.heads[0].weight, untouched.heads[0].weight)
    assert not torch.equal(network.heads[1].weight, untouched.heads[1].weight)
    assert not torch.equal(network.low.weight, untouched.low.weight)


def test_separate_accumulators_in_some_layers_only():
    network, step = after(accumulators="task", task_layers=["high"], monitoring={"enabled": True})
    shapes = {
        name: tuple(step.optimizer.state[parameter]["exp_avg_sq"].shape)
        for name, parameter in network.named_parameters()
    }
    assert shapes["low.weight"] == (1, 6, 4)
    assert shapes["high.weight"] == (2, 3, 6)
    means = dict(zip(step.monitor.names, step.monitor.means()[:, 1], strict=True))
    assert means["low"] < 0.2 < 0.35 < means["high"]


def test_gradnorm_looks_at_the_last_shared_layer():
    columns = step_of(model(), balance={"method": "gradnorm"}).balancer.layer
    assert (columns.start, columns.stop) == (6 * 4 + 6, 6 * 4 + 6 + 3 * 6 + 3)


def test_rates_are_scaled_from_what_the_settings_gave():
    step = step_of(model(), rate_factor=2)
    step.scale_rate(0.5)
    step.scale_rate(0.25)
    assert {group["lr"] for group in step.optimizer.param_groups} == {2 * RATE * 0.25}


def test_a_step_goes_on_from_its_state():
    settings = {"balance": {"method": "pcgrad"}, "accumulators": "task", "monitoring": {"enabled": True}}
    whole, _ = after(6, **settings)
    network, step = after(3, **settings)
    fresh = step_of(network, **settings)
    for name, part in fresh.state.items():
        part.load_state_dict(step.state[name].state_dict())
    for inputs in batches()[3:]:
        fresh.take(network.losses(inputs))
    assert torch.equal(flat(network), flat(whole))
