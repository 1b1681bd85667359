"""AU and rAU against hand-worked values, and the rule for dead elements."""

import numpy as np
import pytest
import torch

from tenfold.papers.adatask.dominance import Monitor, shares


def test_averages_of_squared_updates_are_those_of_the_recursion():
    monitor = Monitor({"b": 1}, decay=0.5)
    zero = torch.zeros(2, 1)
    for update in ([[2.0], [0.0]], [[0.0], [4.0]]):
        monitor.observe([zero, torch.tensor(update)], [zero, torch.tensor(update) / 2])
    # 0.5 (0.5 * 4) = 1 and 0.5 * 16 = 8
    assert monitor.updates[0].squeeze(1).tolist() == [1.0, 8.0]
    assert monitor.gradients[0].squeeze(1).tolist() == [0.25, 2.0]
    assert monitor.means() == pytest.approx(np.array([[1 / 9, 8 / 9]]))


def test_elements_that_no_task_has_moved_do_not_count():
    found = shares(torch.tensor([[1.0, 0.0, 3.0], [3.0, 0.0, 1.0]]))
    assert found.alive == pytest.approx(2 / 3)
    assert found.mean == pytest.approx([0.5, 0.5])
    assert found.dominated.tolist() == [0.0, 0.0]  # 0.25 is not below 0.25


def test_elements_that_one_task_alone_moves_belong_to_it():
    found = shares(torch.tensor([[1.0, 2.0, 1.0, 1.0], [0.0, 0.0, 1.0, 9.0]]))
    assert found.mean == pytest.approx([0.65, 0.35])
    assert found.dominated.tolist() == [0.25, 0.5]
    assert found.histogram[0].tolist() == [0, 0.25, 0, 0, 0, 0.25, 0, 0, 0, 0.5]
    assert found.histogram.sum(1) == pytest.approx([1, 1])


def test_a_tensor_without_any_update_has_no_shares():
    found = shares(torch.zeros(2, 5))
    assert found.alive == 0
    assert np.isnan(found.mean).all()


def test_a_monitor_goes_on_from_its_state():
    updates = torch.randn(4, 2, 3, generator=torch.Generator().manual_seed(0))
    whole, first, second = (Monitor({"a": 0}, decay=0.9) for _ in range(3))
    for update in updates:
        whole.observe([update], [update])
    for update in updates[:2]:
        first.observe([update], [update])
    second.load_state_dict(first.state_dict())
    for update in updates[2:]:
        second.observe([update], [update])
    assert torch.equal(second.updates[0], whole.updates[0])
    assert set(whole.summary()) == {"mean", "dominated", "histogram", "alive", "gradient_mean"}


def test_a_decay_of_one_is_refused():
    with pytest.raises(ValueError, match="decay is 1"):
        Monitor({"a": 0}, decay=1.0)
