"""Schedule, hard entity replay, bootstrapping and pivot seeds."""

from __future__ import annotations

import pytest
import torch
from torch.nn.functional import normalize

from tenfold.papers.meaformer.bootstrapping import Bootstrapping, neighbours, unlinked
from tenfold.papers.meaformer.pivot import pivot_links
from tenfold.papers.meaformer.replay import UNKNOWN, HardReplay
from tenfold.papers.meaformer.schedule import warm_up_cosine


def test_warm_up_and_cosine():
    assert warm_up_cosine(0, 100, 0.15) == 0
    assert warm_up_cosine(15, 100, 0.15) == 1
    assert warm_up_cosine(100, 100, 0.15) == pytest.approx(0)
    assert warm_up_cosine(140, 100, 0.15) == pytest.approx(0)
    assert warm_up_cosine(3, 100, 0.15) == pytest.approx(0.2)
    assert warm_up_cosine(0, 3, 0.15) == 1  # too short for a warm-up


# ----------------------------------------------------------------------------------------------- replay


def remembered(memory, left, right, z, beside=((), ())):
    ids = (left, right, *(torch.tensor(list(part), dtype=torch.int64) for part in beside))
    memory.remember(ids, tuple(z[part] for part in ids))


def test_the_hardest_negative_is_never_the_partner():
    """With all cosines negative the official code takes the partner itself for its runner-up."""
    z = normalize(torch.tensor([[1.0, 0], [-0.2, 1], [0.1, -1], [-1, 0.1]]))
    memory = HardReplay(4)
    left, right = torch.tensor([0, 1]), torch.tensor([2, 3])
    remembered(memory, left, right, z)
    similarity = (z @ z.T).fill_diagonal_(-torch.inf)
    similarity[left, right] = similarity[right, left] = -torch.inf
    assert memory.hardest.tolist() == similarity.argmax(1).tolist()


def test_replay_starts_when_a_batch_leaves_no_entity_new():
    memory, z = HardReplay(8), normalize(torch.randn(8, 3))
    first, second = (torch.tensor([0, 1]), torch.tensor([4, 5])), (torch.tensor([2, 3]), torch.tensor([6, 7]))
    for batch in (first, second):
        assert [len(part) for part in memory.beside(*batch)] == [0, 0]
        remembered(memory, *batch, z)
    assert not memory.started
    remembered(memory, *first, z)
    assert memory.started
    assert (memory.hardest != UNKNOWN).all()


def test_replayed_entities_are_outside_the_batch_and_each_once():
    memory = HardReplay(10)
    memory.started = True
    memory.hardest[:4] = torch.tensor([7, 7, 1, UNKNOWN])
    beside_left, beside_right = memory.beside(torch.tensor([0, 1]), torch.tensor([2, 3]))
    assert beside_left.tolist() == [7]
    assert beside_right.tolist() == []  # 1 is in the batch, -1 is nobody


def test_a_replayed_entity_can_stay_the_hardest():
    z = normalize(torch.tensor([[1.0, 0, 0], [0, 1, 0], [0, 0, 1], [1, 0.01, 0]]))
    memory = HardReplay(4)
    remembered(memory, torch.tensor([0]), torch.tensor([1]), z, ((3,), ()))
    assert memory.hardest[0] == 3


def test_the_memory_survives_a_checkpoint():
    memory, other, z = HardReplay(6), HardReplay(6), normalize(torch.randn(6, 3))
    for _ in range(2):
        remembered(memory, torch.tensor([0, 1]), torch.tensor([4, 5]), z)
    other.load_state_dict(memory.state_dict())
    assert other.started
    assert other.unknown == memory.unknown
    assert torch.equal(other.hardest, memory.hardest)


# ----------------------------------------------------------------------------------------- bootstrapping


def links(*pairs):
    return torch.tensor(pairs, dtype=torch.int64).reshape(-1, 2)


def test_only_candidates_found_at_every_look_are_promoted():
    state = Bootstrapping(links((0, 10)))
    steady, fleeting = (1, 11), (2, 12)
    for look in range(1, 11):
        grew = state.look(links(steady, fleeting) if look != 8 else links(steady))
        assert grew == (look == 10)
    assert state.links.tolist() == [[0, 10], [1, 11]]
    assert len(state.candidates) == 0


def test_the_first_of_five_looks_starts_a_new_list():
    state = Bootstrapping(links((0, 10)))
    for _ in range(5):
        state.look(links((1, 11)))
    state.look(links((2, 12)))
    assert state.candidates.tolist() == [[2, 12]]
    state.look(links((1, 11)))
    assert state.candidates.tolist() == []


def test_linked_entities_are_not_looked_at():
    assert unlinked(torch.arange(5), torch.tensor([1, 3, 9])).tolist() == [0, 2, 4]


def test_neighbours_carry_their_ids():
    z = torch.eye(3)
    assert neighbours(torch.tensor([5, 6, 7]), torch.tensor([9, 8]), z, z[:2]).tolist() == [[5, 9], [6, 8]]


# ------------------------------------------------------------------------------------------------- pivot


def test_pivot_links_are_greedy_and_one_to_one():
    left, right = torch.tensor([0, 1, 2]), torch.tensor([5, 6, 7])
    similarity = torch.tensor([[0.9, 0.8, 0.1], [0.85, 0.2, 0.3], [0.1, 0.7, 0.0]])
    found = pivot_links(left, right, similarity, torch.eye(3), count=3, considered=9)
    assert found.tolist() == [[0, 5], [2, 6], [1, 7]]
    assert pivot_links(left, right, similarity, torch.eye(3), count=1, considered=9).tolist() == [[0, 5]]


def test_pivot_links_look_at_the_best_similarities_only():
    similarity = torch.tensor([[0.9, 0.8, 0.1], [0.85, 0.2, 0.3], [0.1, 0.7, 0.0]])
    found = pivot_links(torch.arange(3), torch.arange(3), similarity, torch.eye(3), count=3, considered=3)
    assert found.tolist() == [[0, 0]]


def test_pivot_links_do_not_depend_on_blocks(monkeypatch):
    left, right = normalize(torch.randn(30, 4)), normalize(torch.randn(25, 4))
    whole = pivot_links(torch.arange(30), torch.arange(25), left, right, 12, 200)
    monkeypatch.setattr("tenfold.papers.meaformer.pivot.BLOCK", 7)
    assert torch.equal(pivot_links(torch.arange(30), torch.arange(25), left, right, 12, 200), whole)
