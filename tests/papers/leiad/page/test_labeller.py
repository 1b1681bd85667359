from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from tenfold.papers.leiad.page.labeller import Labeller, foresight, fork
from tenfold.papers.leiad.state import Query


def state_of(labeller: Labeller) -> dict[str, np.ndarray]:
    return labeller.loop.to_arrays()


def assert_same(one: dict[str, np.ndarray], other: dict[str, np.ndarray]) -> None:
    assert one.keys() == other.keys()
    for name in one:
        np.testing.assert_array_equal(one[name], other[name], err_msg=name)


def test_it_is_the_loop_with_a_person_in_the_oracles_place(desk):
    loop, queries = desk.begin(), []
    with desk.session() as session:
        labeller = desk.labeller(session)
        for _ in range(8):
            expected = loop.next_query()
            assert labeller.query == expected
            queries.append(expected)
            loop.answer(expected, np.array(desk.marks(labeller), dtype=np.int64))
            labeller.submit(desk.marks(labeller))
    assert len({query.centre for query in queries}) == 8
    assert [answer.centre for answer in session.answers] == [
        query.centre - int(desk.pool.offsets[query.series]) for query in queries
    ]


@pytest.mark.parametrize("lost", ["nothing", "newest state", "all states"])
def test_a_reopened_session_asks_the_same_and_goes_on_alike(desk, lost):
    with desk.session("whole") as session:
        whole = desk.labeller(session)
        desk.answer(whole, 9)
        expected = state_of(whole), whole.query
    with desk.session() as session:
        labeller = desk.labeller(session)
        desk.answer(labeller, 5)
        labeller.save()
        pending = labeller.query
    states = sorted((desk.folder / "mine").glob("state-*.npz"), key=lambda path: int(path.stem[6:]))
    for path in {"nothing": [], "newest state": states[-1:], "all states": states}[lost]:
        path.unlink()
    with desk.session() as session:
        labeller = desk.labeller(session)
        assert labeller.query == pending
        assert labeller.answered == 5
        desk.answer(labeller, 4)
        assert_same(state_of(labeller), expected[0])
        assert labeller.query == expected[1]


def test_an_answer_that_was_kept_but_not_learnt_from_is_learnt_from_at_the_next_start(desk):
    with desk.session("whole") as session:
        whole = desk.labeller(session)
        desk.answer(whole, 4)
    with desk.session() as session:
        labeller = desk.labeller(session)
        desk.answer(labeller, 3)
        labeller.save()
        labeller.keep(desk.marks(labeller))  # killed here, before `go_on`
    with desk.session() as session:
        assert_same(state_of(desk.labeller(session)), state_of(whole))


def test_looking_ahead_changes_nothing_and_is_what_follows(desk):
    with desk.session("plain") as session:
        plain = desk.labeller(session)
        desk.answer(plain, 6)
    with desk.session() as session:
        labeller = desk.labeller(session)
        for turn in range(6):
            before = state_of(labeller)
            labeller.look_ahead([])
            labeller.look_ahead([labeller.query.start])
            marks = desk.marks(labeller)
            if turn % 2:
                labeller.look_ahead(marks)
                assert labeller.has_looked_ahead(marks)
            assert_same(state_of(labeller), before)
            labeller.submit(marks)
        assert_same(state_of(labeller), state_of(plain))


def test_what_was_learnt_ahead_is_not_learnt_again(desk, monkeypatch):
    with desk.session() as session:
        labeller = desk.labeller(session)
        labeller.look_ahead([])
        monkeypatch.setattr(type(labeller.loop), "learn", lambda self: pytest.fail("learns again"))
        labeller.submit([])


@pytest.mark.parametrize("reopened", [False, True])
def test_a_window_that_is_taken_back_is_asked_again_with_its_marks(desk, reopened):
    with desk.session("straight") as session:
        straight = desk.labeller(session)
        desk.answer(straight, 4)
    session = desk.session()
    labeller = desk.labeller(session)
    desk.answer(labeller, 3)
    before, query = state_of(labeller), labeller.query
    wrong = [query.start, query.start + 1]
    labeller.submit(wrong)
    labeller.save()
    if reopened:
        session.close()
        session = desk.session()
        labeller = desk.labeller(session)
    assert labeller.take_back(desk.said.append) == wrong
    assert labeller.query == query
    assert labeller.answered == 3
    assert_same(state_of(labeller), before)
    desk.answer(labeller, 1)
    assert_same(state_of(labeller), state_of(straight))
    session.close()


def test_every_answer_can_be_taken_back_down_to_the_first(desk):
    with desk.session() as session:
        labeller = desk.labeller(session)
        first = labeller.query
        desk.answer(labeller, 8)
        for _ in range(8):
            labeller.take_back(desk.said.append)
        assert labeller.query == first
        assert (labeller.loop.state.gold == -1).all()


def test_after_a_change_of_the_pool_the_labels_are_carried_over(desk):
    with desk.session() as session:
        labeller = desk.labeller(session)
        desk.answer(labeller, 6)
        gold = labeller.loop.state.gold.copy()
    desk.pool = dataclasses.replace(desk.pool, scores=desk.pool.scores[:, ::-1].copy())
    with desk.session(pool="another") as session:
        labeller = desk.labeller(session)
        np.testing.assert_array_equal(labeller.loop.state.gold, gold)
        assert labeller.answered == 6
        assert labeller.query is not None
        assert gold[labeller.query.centre] == -1
    assert "the pool changed since the session was last open" in " ".join(desk.said)
    with desk.session(pool="another") as session:
        again = desk.labeller(session)
        assert again.query == labeller.query


def test_labels_of_a_series_that_is_gone_rest_and_are_named(desk):
    with desk.session() as session:
        labeller = desk.labeller(session)
        desk.answer(labeller, 2)
        gone = session.answers[0].series
    names = tuple("renamed" if name == gone else name for name in desk.pool.names)
    desk.pool = dataclasses.replace(desk.pool, names=names)
    with desk.session(pool="another") as session:
        desk.labeller(session)
        assert f"the data no longer has series {gone!r}: its labels rest" in session.notes


def test_marks_outside_the_window_are_refused_and_not_kept(desk):
    with desk.session() as session:
        labeller = desk.labeller(session)
        with pytest.raises(ValueError, match="marks must lie in the window"):
            labeller.submit([labeller.query.stop])
        assert session.answers == []


def test_the_draft_comes_back_with_the_window(desk):
    with desk.session() as session:
        labeller = desk.labeller(session)
        desk.answer(labeller, 2)
        labeller.save()
        marks = [labeller.query.start + 1, labeller.query.stop - 1]
        labeller.keep_draft(marks)
    with desk.session() as session:
        labeller = desk.labeller(session)
        assert labeller.draft() == marks
        labeller.submit(marks)
        assert labeller.draft() == []


def test_an_answer_records_how_well_the_model_foresaw_it(desk):
    with desk.session() as session:
        labeller = desk.labeller(session)
        query = labeller.query
        labeller.loop.state.scores = np.arange(len(desk.pool), dtype=float)
        labeller.submit([query.stop - 2, query.stop - 1])
        assert session.answers[0].model == 1.0
        labeller.submit([])
        assert session.answers[1].model is None


def test_foresight_is_the_share_of_pairs_in_the_right_order():
    scores = np.array([9.0, 0.1, 0.4, 0.3, 0.2, 9.0])
    window = Query(0, 2, 1, 5, 0, 0)
    assert foresight(scores, window, [2, 3]) == 1.0
    assert foresight(scores, window, [2, 4]) == 0.75  # 0.4 beats 0.1 and 0.3, 0.2 beats 0.1 only
    assert foresight(scores, window, []) is None
    assert foresight(scores, window, [1, 2, 3, 4]) is None
    assert foresight(None, window, [2]) is None


def test_a_fork_goes_its_own_way(desk):
    loop = desk.begin()
    query = loop.next_query()
    before = loop.to_arrays()
    twin = fork(loop)
    twin.answer(query, np.array([query.start]))
    twin.next_query()
    twin.generator.random(5)
    assert_same(loop.to_arrays(), before)
    assert (loop.state.gold == -1).all()
