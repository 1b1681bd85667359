"""The small interval bar beside each comparison: inline SVG that takes its colours from the page's style sheet."""

from __future__ import annotations

import math

from markupsafe import Markup

from tenfold.report.text import number, signed

WIDTH, HEIGHT, PAD = 260, 40, 10
"""Size of the drawing and its side margins, in CSS pixels."""

_MIDDLE = 15

_SUPPORT: dict[str, tuple[int, int | None, str]] = {
    "higher": (1, None, "more than {} in the claimed direction"),
    "lower": (1, None, "more than {} in the claimed direction"),
    "equal": (-1, 1, "within {} of zero"),
    "not lower": (-1, None, "worse by at most {}"),
    "not higher": (-1, None, "worse by at most {}"),
}
"""Direction of a comparison -> where the differences lie that support it: the signs of the margin at both ends."""


def interval_svg(
    effect: float | None,
    interval: tuple[float, float] | None,
    *,
    direction: str = "higher",
    margin: float | None = 0.0,
) -> Markup:
    """The effect as a dot, its interval as a bar, zero as a line, and the side that supports the claim as a band.

    `effect` is positive in the claimed direction, as in claims.json; `margin` is at least 0. The band lies above the
    margin, for `equal` within it, for `not lower` and `not higher` above its negative. Nothing is drawn without a
    finite effect.
    """
    if effect is None or not math.isfinite(effect):
        return Markup("")
    ends = [value for value in interval or () if math.isfinite(value)]
    margin = margin if margin is not None and math.isfinite(margin) else 0.0
    above, below, claimed = _SUPPORT.get(direction, _SUPPORT["higher"])
    marks = [sign * margin for sign in (above, below) if sign is not None]
    smallest, largest = min(0.0, effect, *ends, *marks), max(0.0, effect, *ends, *marks)
    spread = (largest - smallest) or 1.0
    smallest, largest = smallest - 0.08 * spread, largest + 0.08 * spread

    def x(value: float) -> str:
        return f"{PAD + (value - smallest) / (largest - smallest) * (WIDTH - 2 * PAD):.1f}"

    start = x(above * margin)
    end = x(largest if below is None else below * margin)
    width = f"{float(end) - float(start):.1f}"
    parts = [f'<rect class="band" x="{start}" y="3" width="{width}" height="{2 * _MIDDLE - 6}"/>']
    parts += [f'<line class="edge" x1="{x(mark)}" x2="{x(mark)}" y1="3" y2="27"/>' for mark in marks if mark]
    parts.append(f'<line class="zero" x1="{x(0)}" x2="{x(0)}" y1="1" y2="29"/>')
    if len(ends) == 2:
        parts.append(f'<line class="bar" x1="{x(ends[0])}" x2="{x(ends[1])}" y1="{_MIDDLE}" y2="{_MIDDLE}"/>')
    parts.append(f'<circle class="dot" cx="{x(effect)}" cy="{_MIDDLE}" r="4"/>')
    parts.append(f'<text x="{x(0)}" y="38" text-anchor="middle">0</text>')
    said = f"difference {signed(effect)}"
    if len(ends) == 2:
        said += f", interval from {number(ends[0])} to {number(ends[1])}"
    said += f"; claimed: {claimed.format(number(margin))}"
    return Markup(
        f'<svg class="interval" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}" role="img" '
        f'aria-label="{said}">{"".join(parts)}</svg>'
    )
