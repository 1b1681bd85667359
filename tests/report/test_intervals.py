"""The interval bars beside comparisons."""

import math
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenfold.report.intervals import PAD, WIDTH, interval_svg

numbers = st.floats(-1e6, 1e6)
directions = st.sampled_from(["higher", "lower", "equal", "not lower", "not higher"])


def drawn(
    effect: float, interval: tuple[float, float] | None, **options: object
) -> dict[str, list[ElementTree.Element]]:
    tree = ElementTree.fromstring(str(interval_svg(effect, interval, **options)))  # type: ignore[arg-type]
    return {name: tree.findall(f"*[@class='{name}']") for name in ("band", "edge", "zero", "bar", "dot")}


@given(numbers, st.floats(0, 1e6), st.floats(0, 1e6), directions, st.floats(0, 1e6))
def test_everything_lies_inside_the_drawing_in_the_right_order(
    effect: float, below: float, above: float, direction: str, margin: float
) -> None:
    parts = drawn(effect, (effect - below, effect + above), direction=direction, margin=margin)
    low, high = float(parts["bar"][0].get("x1")), float(parts["bar"][0].get("x2"))
    dot = float(parts["dot"][0].get("cx"))
    assert PAD <= low <= dot <= high <= WIDTH - PAD
    assert float(parts["band"][0].get("width")) >= 0
    zero = float(parts["zero"][0].get("x1"))
    assert (dot >= zero) if effect > 0 else (dot <= zero)


@pytest.mark.parametrize(
    ("direction", "supported", "unsupported"),
    [
        ("higher", 0.3, 0.1),
        ("lower", 0.3, 0.1),
        ("equal", 0.1, 0.3),
        ("not lower", -0.1, -0.3),
        ("not higher", 0.0, -0.3),
    ],
)
def test_the_band_holds_what_supports_the_claim(direction: str, supported: float, unsupported: float) -> None:
    for effect, inside in ((supported, True), (unsupported, False)):
        parts = drawn(effect, (-1, 1), direction=direction, margin=0.2)
        start = float(parts["band"][0].get("x"))
        end = start + float(parts["band"][0].get("width"))
        assert (start <= float(parts["dot"][0].get("cx")) <= end) is inside


def test_words_say_what_the_drawing_shows() -> None:
    label = ElementTree.fromstring(str(interval_svg(0.11, (0.07, 0.15), direction="higher", margin=0.01))).get(
        "aria-label"
    )
    assert label == "difference +0.11, interval from 0.07 to 0.15; claimed: more than 0.01 in the claimed direction"


@pytest.mark.parametrize("effect", [None, math.nan])
def test_nothing_is_drawn_without_an_effect(effect: float | None) -> None:
    assert interval_svg(effect, (0, 1)) == ""


def test_an_effect_without_an_interval_is_a_dot() -> None:
    parts = drawn(0.0, None)
    assert (len(parts["dot"]), len(parts["bar"])) == (1, 0)
