"""Texts of `snakemake --report`: docutils finds nothing to complain about, and readers find what the YAML says."""

from __future__ import annotations

import re
from html import unescape

import pytest
from docutils.core import publish_parts
from hypothesis import given
from hypothesis import strategies as st

from tenfold.config import Configuration, PaperConfig
from tenfold.report.captions import captions, figure_labels, published, restructured
from tests.conftest import REPOSITORY
from tests.made_up_project import PAPER


def rendered(text: str) -> str:
    """What a reader sees of reStructuredText; a complaint of docutils is an error."""
    html = publish_parts(text, writer="html", settings_overrides={"halt_level": 1, "report_level": 5})["body"]
    return " ".join(unescape(re.sub(r"<[^>]+>", "", html)).split())


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("points_ of *all* |x| [1] <a> x:y", "points_ of *all* |x| [1] <a> x:y"),
        ("of `plain`, and (`decay`)", "of plain, and (decay)"),
        (r"`a_b*`s \alpha", r"a_b*s \alpha"),
        ("one `tick", "one `tick"),
        ("several\n  lines", "several lines"),
    ],
)
def test_nothing_but_code_is_taken_for_markup(text, seen):
    assert rendered(f"X {restructured(text)}") == f"X {seen}"


@given(st.text(st.characters(codec="ascii", categories=["L", "N", "P", "S"]) | st.just(" "), max_size=40))
def test_any_text_comes_out_as_it_went_in(text):
    text = text.replace("`", "")
    assert rendered(f"X {restructured(text)} X") == " ".join(f"X {text} X".split())


def test_the_captions_of_every_paper_are_good_restructured_text():
    configuration = Configuration(REPOSITORY / "config")
    for slug in configuration.known_papers:
        texts = captions(configuration.paper(slug))
        for text in (texts["title"], texts["summary"], *texts["figures"].values()):
            assert rendered(text)


def test_a_figure_is_listed_with_its_title_and_place_in_the_paper():
    paper = PaperConfig.model_validate(PAPER)
    assert figure_labels(paper, "bars") == {"figure": "bars", "title": "Bars", "in the paper": "Figure 3"}
    assert rendered(captions(paper)["figures"]["bars"]) == "Bars. Mean over seeds. In the paper: Figure 3."


def test_a_file_that_the_paper_does_not_declare_is_listed_by_its_name():
    paper = PaperConfig.model_validate(PAPER)
    assert figure_labels(paper, "mine") == {"figure": "mine", "title": "", "in the paper": ""}


def test_the_year_is_not_said_twice():
    paper = PaperConfig.model_validate(PAPER)
    assert published(paper.model_copy(update={"venue": "AAAI 2023, vol. 37", "year": 2023})) == "AAAI 2023, vol. 37"
    assert published(paper.model_copy(update={"venue": "arXiv 2212.14077", "year": 2022})) == "arXiv 2212.14077, 2022"
