"""Tables of measured and reported numbers."""

import statistics
from xml.etree import ElementTree

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenfold.errors import ResultError
from tenfold.tables import comparison_table, mean_and_spread, table_html
from tests.made_up_project import Project


@given(st.lists(st.floats(-1e3, 1e3), min_size=2, max_size=8))
def test_mean_and_spread_agree_with_the_standard_library(values: list[float]) -> None:
    mean, spread = (float(part) for part in mean_and_spread(values, ".6f").split(" ± "))
    assert mean == pytest.approx(statistics.fmean(values), abs=1e-6)
    assert spread == pytest.approx(statistics.stdev(values), abs=1e-5)


def test_one_seed_has_no_spread_and_none_is_not_measured() -> None:
    assert mean_and_spread([0.25], ".2f") == "0.25"
    assert mean_and_spread([], ".2f") == "not measured"


def test_measured_and_reported_stand_side_by_side(finished: Project) -> None:
    frame = comparison_table(finished.results(), ["ndcg@10"], datasets=["own", "films", "gated"])
    ours = frame.loc[("Own data", "OURS")]
    assert ours["NDCG@10", "measured"] == "0.5100 ± 0.0100"
    assert ours["NDCG@10", "reported"] == "0.5000 / 0.4800"
    assert ours["", "origin"] == "Table 2 / official code (released weights)"
    assert frame.loc[("Own data", "Baseline"), ("NDCG@10", "reported")] == "not transcribed"
    assert frame.loc[("Films-100K (real, stand-in)", "OURS"), ("NDCG@10", "reported")] == "none (stand-in)"
    assert frame.loc[("Gated data", "OURS"), ("NDCG@10", "measured")] == "not measured"
    assert ("Gated data", "Baseline") not in frame.index


def test_the_best_mean_is_marked_in_the_better_direction(finished: Project) -> None:
    frame = comparison_table(finished.results(), datasets=["own"])
    assert [list(frame.index)[row][1] for row, _ in frame.attrs["best"]] == [
        "OURS",
        "Random",
    ]  # highest NDCG, lowest error
    html = table_html(frame)
    assert "<strong>0.5100 ± 0.0100</strong>" in html
    assert "<strong>1.00</strong>" in html


def test_unknown_names_are_refused(finished: Project) -> None:
    with pytest.raises(ResultError, match="metrics: unknown name 'hr'; known: ndcg@10, error"):
        comparison_table(finished.results(), ["hr"])


def test_nothing_measured_gives_an_empty_table(project: Project) -> None:
    project.collect()
    assert comparison_table(project.results(), ["ndcg@10"], datasets=["toy"]).empty


def test_html_is_well_formed_and_every_row_is_as_wide_as_its_header(finished: Project) -> None:
    tree = ElementTree.fromstring(table_html(comparison_table(finished.results()), "All <metrics>"))
    assert tree.findtext("caption") == "All <metrics>"
    top = tree.findall("thead/tr")[0]
    width = sum(int(cell.get("colspan", 1)) for cell in top)
    for row in tree.findall("tbody/tr"):
        assert sum(int(cell.get("colspan", 1)) for cell in row) == width
    assert [cell.get("scope") for cell in tree.findall("tbody/tr[@class='group']/th")] == ["rowgroup"] * 3


@given(st.text(max_size=20), st.text(max_size=20))
def test_texts_are_escaped(cell: str, name: str) -> None:
    html = table_html(pd.DataFrame({name: [cell]}))
    assert html.count("<td") == 1
    assert "<script" not in table_html(pd.DataFrame({name: [cell + "<script>"]}))


def test_a_counting_index_is_left_out_and_numbers_are_set_right() -> None:
    html = table_html(pd.DataFrame({"x": [1.5, float("nan")], "y": ["a", "b"]}))
    assert '<td class="number">1.5</td><td>a</td>' in html
    assert '<th scope="col" class="number">x</th><th scope="col">y</th>' in html
    assert '<td class="number"></td>' in html
    assert '<th scope="row"' not in html


def test_a_column_is_set_right_when_most_of_it_are_numbers() -> None:
    mostly = table_html(pd.DataFrame({"x": ["1", "2-3", "−4.5e-3"]}))
    hardly = table_html(pd.DataFrame({"x": ["1", "never, 2", "never"]}))
    assert mostly.count('class="number"') == 4
    assert 'class="number"' not in hardly
