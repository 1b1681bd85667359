"""How the report writes numbers and prose."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenfold.report import text


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (0.012345, "0.01235"), (-0.5, "−0.5"), (12345, "12,345"), (12345.678, "12,346"), (9999.96, "10,000"),
        (1.2e-7, "1.2e−07"), (3.0, "3"), (0, "0"), (None, "–"), (math.nan, "–"), (math.inf, "–"),
    ],
)  # fmt: skip
def test_numbers(value: float | None, written: str) -> None:
    assert text.number(value) == written


@given(st.floats(-1e9, 1e9))
def test_written_numbers_read_back_to_four_digits(value: float) -> None:
    back = float(text.number(value).replace("−", "-").replace(",", ""))
    assert back == pytest.approx(value, rel=5.1e-4)


@pytest.mark.parametrize(("value", "written"), [(0.5, "+0.5"), (-0.5, "−0.5"), (0.0, "0"), (None, "–")])
def test_signed_numbers(value: float | None, written: str) -> None:
    assert text.signed(value) == written


@pytest.mark.parametrize(("p", "written"), [(0.0312, "p = 0.031"), (0.0002, "p < 0.001"), (1.0, "p = 1"), (None, "")])
def test_p_values(p: float | None, written: str) -> None:
    assert text.p_value(p) == written


@pytest.mark.parametrize(
    ("seconds", "written"),
    [
        (0.44, "0.4 s"),
        (41, "41 s"),
        (59.7, "1 min 00 s"),
        (200, "3 min 20 s"),
        (7500, "2 h 05 min"),
        (273600, "3 d 4 h"),
    ],
)
def test_durations(seconds: float, written: str) -> None:
    assert text.duration(seconds) == written


def test_times_are_written_out_in_utc() -> None:
    assert text.moment("2025-03-01T12:20:30+02:00") == "1 March 2025, 10:20 UTC"
    assert text.moment("yesterday") == "yesterday"


def test_prose_escapes_and_marks_code_and_paragraphs() -> None:
    assert text.prose("a <b>\nc `x < 1`\n\nd") == "<p>a &lt;b&gt; c <code>x &lt; 1</code></p>\n<p>d</p>"


@given(st.text(min_size=1))
def test_anchors_need_no_escaping(name: str) -> None:
    assert text.anchor(name).isascii()
    assert not set(text.anchor(name)) & set(" \"'<>&#?%")


def test_lists_read_like_sentences() -> None:
    assert [text.listed(words) for words in ([], ["a"], ["a", "b"], ["a", "b", "c"])] == [
        "",
        "a",
        "a and b",
        "a, b and c",
    ]
