"""The look of all figures."""

import subprocess
import sys

import matplotlib
import numpy as np
import pandas as pd
import pytest

from tenfold.plotting import PALETTE, STYLE, figure, interval_bars, learning_curve, method_styles, panel_labels, style
from tests.made_up_project import Project


@pytest.mark.parametrize(("width", "inches"), [("column", 3.4), ("full", 7.0)])
def test_widths_are_those_of_a_two_column_paper(width: str, inches: float) -> None:
    drawn, _ = figure(width)
    assert drawn.get_figwidth() == inches


def test_an_unknown_width_is_refused() -> None:
    with pytest.raises(ValueError, match="must be one of column, full"):
        figure("page")  # type: ignore[arg-type]


def test_panels_come_as_a_list_row_by_row() -> None:
    _, axes = figure("full", ncols=2, nrows=2)
    positions = [ax.get_subplotspec().num1 for ax in axes]
    assert positions == [0, 1, 2, 3]


def test_the_style_ends_with_its_block_and_pyplot_is_not_used() -> None:
    before = dict(matplotlib.rcParams)
    with style():
        assert matplotlib.rcParams["font.size"] == STYLE["font.size"]
        figure()
    assert dict(matplotlib.rcParams) == before
    code = "import sys; from tenfold.plotting import figure; figure(); sys.exit('matplotlib.pyplot' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_text_is_at_least_seven_points() -> None:
    sizes = [value for key, value in STYLE.items() if key.endswith(("fontsize", "labelsize", "titlesize", "font.size"))]
    assert min(sizes) >= 7


def linear_rgb(colours: tuple[str, ...]) -> np.ndarray:
    """sRGB colours as linear light, (n, 3)."""
    values = np.array([matplotlib.colors.to_rgb(colour) for colour in colours])
    return np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)


def lab(linear: np.ndarray) -> np.ndarray:
    """CIELAB coordinates (D65) of linear RGB, (n, 3)."""
    to_xyz = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
    xyz = np.clip(linear, 0, 1) @ to_xyz.T / [0.9505, 1.0, 1.089]
    f = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    return np.stack([116 * f[:, 1] - 16, 500 * (f[:, 0] - f[:, 1]), 200 * (f[:, 1] - f[:, 2])], axis=1)


def test_colours_stand_out_from_white_paper() -> None:
    luminance = linear_rgb(PALETTE) @ [0.2126, 0.7152, 0.0722]  # WCAG 2
    assert (1.05 / (luminance + 0.05)).min() > 2


def test_colours_stay_apart_for_dichromats() -> None:
    """Protanopia and deuteranopia after Viénot, Brettel & Mollon (1999); 2.3 is a just noticeable difference."""
    to_lms = np.array([[17.8824, 43.5161, 4.11935], [3.45565, 27.1554, 3.86714], [0.0299566, 0.184309, 1.46709]])
    reductions = [
        np.array([[0, 2.02344, -2.52581], [0, 1, 0], [0, 0, 1]]),
        np.array([[1, 0, 0], [0.494207, 0, 1.24827], [0, 0, 1]]),
    ]
    for reduction in reductions:
        seen = lab(linear_rgb(PALETTE) @ (np.linalg.inv(to_lms) @ reduction @ to_lms).T)
        distances = np.linalg.norm(seen[:, None] - seen[None], axis=-1)
        assert distances[~np.eye(len(seen), dtype=bool)].min() > 15


def test_a_method_keeps_its_look_and_controls_are_grey(project: Project) -> None:
    styles = method_styles(project.plan().paper)
    assert list(styles) == ["ours", "baseline", "random"]
    assert styles["ours"].colour == PALETTE[0]
    assert styles["random"].colour not in PALETTE
    assert styles == project.results().styles


def test_many_methods_all_look_different(project: Project) -> None:
    from tests.made_up_project import PAPER

    methods = {f"m{number}": {"title": str(number)} for number in range(30)} | PAPER["methods"]
    project.add_paper(PAPER | {"methods": methods})
    styles = method_styles(project.plan().paper)
    assert len({(look.colour, str(look.dash)) for look in styles.values()}) == len(methods)


def test_a_learning_curve_shows_the_mean_and_the_range_over_seeds() -> None:
    frame = pd.DataFrame(
        [("ours", seed, step, value) for step in (1, 2) for seed, value in ((0, 1.0 * step), (1, 3.0 * step))],
        columns=["method", "seed", "step", "loss"],
    )
    _, ax = figure()
    learning_curve(ax, frame, value="loss", titles={"ours": "OURS"})
    (line,) = ax.get_lines()
    assert line.get_xydata().tolist() == [[1, 2], [2, 4]]
    assert line.get_label() == "OURS"
    (band,) = ax.collections
    low, high = band.get_paths()[0].vertices[:, 1].min(), band.get_paths()[0].vertices[:, 1].max()
    assert (low, high) == (1, 6)
    assert ax.get_yscale() == "linear"


def test_a_learning_curve_leaves_out_what_is_not_finite_and_turns_logarithmic() -> None:
    frame = pd.DataFrame({"method": "m", "seed": 0, "step": [1, 2, 3, 4], "loss": [100.0, np.nan, np.inf, 0.1]})
    _, ax = figure()
    learning_curve(ax, frame, value="loss")
    assert ax.get_lines()[0].get_xdata().tolist() == [1, 4]
    assert ax.get_yscale() == "log"


def test_interval_bars_stand_where_their_numbers_say() -> None:
    _, ax = figure()
    interval_bars(ax, ["a", "b"], [1.0, 2.0], [(0.5, 1.5), (1.0, 3.0)])
    reference, bar, dot, *_ = ax.get_lines()
    assert list(reference.get_xdata()) == [0, 0]
    assert list(bar.get_xdata()) == [0.5, 1.5]
    assert list(dot.get_xdata()) == [1.0]
    assert [label.get_text() for label in ax.get_yticklabels()] == ["a", "b"]
    assert ax.yaxis_inverted()


@pytest.mark.parametrize(
    ("centres", "intervals", "message"),
    [([1.0], [(0, 1), (0, 1)], "there must be equally many"), ([1.0, 2.0], [(0, 1), (3, 1)], "'b' ends before")],
)
def test_interval_bars_refuse_what_does_not_fit(centres: list, intervals: list, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        interval_bars(figure()[1], ["a", "b"], centres, intervals)


def test_panels_are_lettered() -> None:
    _, axes = figure("full", ncols=3)
    panel_labels(axes)
    assert [ax.texts[0].get_text() for ax in axes] == ["a", "b", "c"]
