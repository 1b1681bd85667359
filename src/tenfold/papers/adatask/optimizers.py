"""AdaTask (Algorithm 2): adaptive optimizers that keep one accumulator for each task on shared parameters.

    optimizer = Adam([{"params": shared, "tasks": 2}, {"params": heads}], lr=1e-3)
    gradients = task_gradients([loss_a, loss_b], shared, heads)  # K backward passes; the heads' go to .grad
    optimizer.step(gradients)

Everything but the accumulator is linear in the gradient, so the step of a *joint* optimizer splits exactly into steps
of the tasks as well, d = sum_k d^k. A group with `accumulators: joint` takes that step: the ordinary optimizer on
sum_k g^k, with the share of each task kept apart for `dominance.Monitor`. A group of one task is the ordinary
optimizer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, ClassVar, cast

import torch
from torch import Tensor
from torch.optim import Optimizer

ACCUMULATORS = ("task", "joint")


def task_gradients(losses: Sequence[Tensor], shared: Sequence[Tensor], specific: Sequence[Tensor] = ()) -> list[Tensor]:
    """Gradients of K scalar losses of one forward pass by K backward passes: (K, *shape) for each shared parameter.

    What the losses contribute to the `specific` parameters is added to their `.grad`, as by `sum(losses).backward()`.
    A shared parameter that a loss does not depend on gets a zero gradient from it.
    """
    columns: list[list[Tensor]] = [[] for _ in shared]
    for number, loss in enumerate(losses):
        keep = number < len(losses) - 1
        found = torch.autograd.grad(loss, [*shared, *specific], retain_graph=keep, allow_unused=True)
        for column, parameter, gradient in zip(columns, shared, found, strict=False):
            column.append(torch.zeros_like(parameter) if gradient is None else gradient)
        for parameter, gradient in zip(specific, found[len(shared) :], strict=True):
            if gradient is not None:
                parameter.grad = gradient if parameter.grad is None else parameter.grad + gradient
    return [torch.stack(column) for column in columns]


class TaskOptimizer(Optimizer):
    """Base: parameter groups, state, and the sum over tasks. Subclasses say what one step is made of.

    Keys of a parameter group beside `lr` and the subclass's own: `tasks` (K; 1 when left out, then the gradient is
    `.grad`) and `accumulators` (`task` or `joint`). State tensors have a first axis for tasks: (K, *shape), or
    (1, *shape) for joint accumulators; one step count belongs to the whole group.
    """

    moments: ClassVar[tuple[str, ...]] = ()
    """Names of the state tensors that are linear in the gradient: always one for each task."""
    accumulator: ClassVar[str] = ""
    """Name of the state tensor that is made of squared gradients."""

    def __init__(self, params: Iterable[Tensor] | Iterable[dict[str, Any]], defaults: dict[str, Any]) -> None:
        if defaults["lr"] <= 0:
            raise ValueError(f"lr is {defaults['lr']}, must be positive")
        if defaults["eps"] < 0:
            raise ValueError(f"eps is {defaults['eps']}, must not be negative")
        self.record_updates = False
        """Whether `updates` is filled at each step: costs memory of K copies of the shared parameters."""
        self.updates: list[Tensor] = []
        """Of the last step, when recorded: what each task added to each shared parameter, (K, *shape)."""
        super().__init__(params, {"tasks": 1, "accumulators": "task", "step": 0, **defaults})

    def add_param_group(self, param_group: dict[str, Any]) -> None:
        """Add a group. Raises ValueError for an unknown kind of accumulator or a number of tasks below 1."""
        super().add_param_group(param_group)
        group = self.param_groups[-1]
        if group["accumulators"] not in ACCUMULATORS:
            raise ValueError(f"accumulators is {group['accumulators']!r}; known: {', '.join(ACCUMULATORS)}")
        if group["tasks"] < 1:
            raise ValueError(f"tasks is {group['tasks']}, must be at least 1")

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take back a state. Raises ValueError when it belongs to another number of tasks or kind of accumulator."""
        for own, saved in zip(self.param_groups, state_dict["param_groups"], strict=False):
            for key in ("tasks", "accumulators"):
                if own[key] != saved[key]:
                    raise ValueError(f"the saved state has {key} {saved[key]!r}, this optimizer {own[key]!r}")
        super().load_state_dict(state_dict)

    @torch.no_grad()
    def step(  # type: ignore[override]
        self, task_gradients: Sequence[Tensor] = (), closure: Callable[[], Any] | None = None
    ) -> Any:
        """One step of all groups. `task_gradients`: (K, *shape) for each parameter of the groups with several tasks,
        in their order; all taken at the same parameters. Groups of one task use `.grad`, where there is one.

        Raises ValueError when `task_gradients` does not fit the groups.
        """
        result = None
        if closure is not None:
            with torch.enable_grad():
                result = closure()
        remaining = self._checked(task_gradients)
        self.updates = []
        for group in self.param_groups:
            if group["tasks"] > 1:
                parameters, gradients = group["params"], remaining[: len(group["params"])]
                del remaining[: len(parameters)]
            else:
                parameters = [parameter for parameter in group["params"] if parameter.grad is not None]
                gradients = [parameter.grad.unsqueeze(0) for parameter in parameters]
            if parameters:
                group["step"] += 1
                updates = self._updates(group, parameters, gradients)
                torch._foreach_add_(parameters, [update.sum(0) for update in updates])
                if self.record_updates and group["tasks"] > 1:
                    self.updates += updates
        return result

    def _checked(self, gradients: Sequence[Tensor]) -> list[Tensor]:
        groups = [group for group in self.param_groups if group["tasks"] > 1]
        wanted = [(group["tasks"], *parameter.shape) for group in groups for parameter in group["params"]]
        if (given := [tuple(gradient.shape) for gradient in gradients]) != wanted:
            raise ValueError(f"task gradients have the shapes {given}, the groups with several tasks need {wanted}")
        return list(gradients)

    def _updates(self, group: dict[str, Any], parameters: list[Tensor], gradients: list[Tensor]) -> list[Tensor]:
        """What each task adds to each parameter, (K, *shape)."""
        raise NotImplementedError

    def _tensors(self, name: str, parameters: list[Tensor], gradients: list[Tensor], fill: float = 0.0) -> list[Tensor]:
        """A state tensor of each parameter, of the shape of `gradients`; made when it is first asked for."""
        for parameter, gradient in zip(parameters, gradients, strict=True):
            if name not in self.state[parameter]:
                self.state[parameter][name] = torch.full_like(gradient, fill, memory_format=torch.preserve_format)
        return [self.state[parameter][name] for parameter in parameters]

    @staticmethod
    def _accumulated(group: dict[str, Any], gradients: list[Tensor]) -> list[Tensor]:
        """What enters the accumulator: the gradient of each task, or (1, *shape) their sum."""
        if group["accumulators"] == "task" or group["tasks"] == 1:
            return gradients
        return [gradient.sum(0, keepdim=True) for gradient in gradients]


def _foreach(result: Any) -> list[Tensor]:
    return cast("list[Tensor]", list(result))


class Adam(TaskOptimizer):
    """Adam with one pair of moments for each task: d^k = lr m_hat^k / (sqrt(G_hat^k) + eps), theta -= sum_k d^k.

    The paper calls the second moment's decay gamma_1 and the first's gamma_2; here `betas` is (first, second).
    """

    def __init__(
        self,
        params: Iterable[Tensor] | Iterable[dict[str, Any]],
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
    ) -> None:
        if not all(0 <= beta < 1 for beta in betas):
            raise ValueError(f"betas are {betas}, must be at least 0 and below 1")
        super().__init__(params, {"lr": lr, "betas": tuple(betas), "eps": eps})

    def _updates(self, group: dict[str, Any], parameters: list[Tensor], gradients: list[Tensor]) -> list[Tensor]:
        first, second = group["betas"]
        entering = self._accumulated(group, gradients)
        moments = self._tensors("exp_avg", parameters, gradients)
        squares = self._tensors("exp_avg_sq", parameters, entering)
        torch._foreach_lerp_(moments, gradients, 1 - first)
        torch._foreach_mul_(squares, second)
        torch._foreach_addcmul_(squares, entering, entering, value=1 - second)
        denominators = _foreach(torch._foreach_sqrt(squares))
        torch._foreach_div_(denominators, (1 - second ** group["step"]) ** 0.5)
        torch._foreach_add_(denominators, group["eps"])
        updates = _foreach(torch._foreach_div(moments, denominators))
        torch._foreach_mul_(updates, -group["lr"] / (1 - first ** group["step"]))
        return updates


class RMSProp(TaskOptimizer):
    """RMSProp with one accumulator for each task: d^k = lr g^k / (sqrt(G^k) + eps), no bias correction."""

    def __init__(
        self,
        params: Iterable[Tensor] | Iterable[dict[str, Any]],
        lr: float = 1e-2,
        decay: float = 0.99,
        eps: float = 1e-8,
    ) -> None:
        if not 0 <= decay < 1:
            raise ValueError(f"decay is {decay}, must be at least 0 and below 1")
        super().__init__(params, {"lr": lr, "decay": decay, "eps": eps})

    def _updates(self, group: dict[str, Any], parameters: list[Tensor], gradients: list[Tensor]) -> list[Tensor]:
        entering = self._accumulated(group, gradients)
        squares = self._tensors("square_avg", parameters, entering)
        torch._foreach_mul_(squares, group["decay"])
        torch._foreach_addcmul_(squares, entering, entering, value=1 - group["decay"])
        return _scaled(gradients, squares, group)


class AdaGrad(TaskOptimizer):
    """AdaGrad with one accumulator for each task: G^k += (g^k)^2, d^k = lr g^k / (sqrt(G^k) + eps)."""

    def __init__(
        self, params: Iterable[Tensor] | Iterable[dict[str, Any]], lr: float = 1e-2, eps: float = 1e-10
    ) -> None:
        super().__init__(params, {"lr": lr, "eps": eps})

    def _updates(self, group: dict[str, Any], parameters: list[Tensor], gradients: list[Tensor]) -> list[Tensor]:
        entering = self._accumulated(group, gradients)
        sums = self._tensors("sum", parameters, entering)
        torch._foreach_addcmul_(sums, entering, entering, value=1.0)
        return _scaled(gradients, sums, group)


def _scaled(gradients: list[Tensor], squares: list[Tensor], group: dict[str, Any]) -> list[Tensor]:
    """-lr g / (sqrt(G) + eps)."""
    denominators = _foreach(torch._foreach_sqrt(squares))
    torch._foreach_add_(denominators, group["eps"])
    updates = _foreach(torch._foreach_div(gradients, denominators))
    torch._foreach_mul_(updates, -group["lr"])
    return updates


OPTIMIZERS: dict[str, Callable[..., TaskOptimizer]] = {"adam": Adam, "rmsprop": RMSProp, "adagrad": AdaGrad}
