"""How numbers and prose are written in the report."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from markupsafe import Markup, escape

MINUS = "−"


def number(value: Any, digits: int = 4) -> str:
    """`digits` significant digits with a true minus sign: `−0.01234`, `12,345`, `1.2e−07`. Not a number: an en dash."""
    if value is None or (isinstance(value, float) and not math.isfinite(value)):
        return "–"
    if isinstance(value, bool | str):
        return str(value)
    size = abs(value)
    if float(value).is_integer() and size < 1e15:
        text = f"{int(value):,}"
    else:
        text = f"{value:.{digits}g}"
        text = f"{value:,.0f}" if "e+" in text and size < 1e15 else text
    return text.replace("-", MINUS)


def signed(value: Any, digits: int = 4) -> str:
    """Like `number`, with a plus sign before positive values."""
    text = number(value, digits)
    return f"+{text}" if isinstance(value, int | float) and value > 0 and text[:1].isdigit() else text


def p_value(value: float | None) -> str:
    """`p = 0.031`, `p < 0.001`; empty when there is none."""
    if value is None or not math.isfinite(value):
        return ""
    return "p < 0.001" if value < 0.001 else f"p = {value:.2g}"


def duration(seconds: float | None) -> str:
    """`0.4 s`, `41 s`, `3 min 20 s`, `2 h 05 min`, `3 d 4 h`."""
    if seconds is None or not math.isfinite(seconds):
        return "–"
    if seconds < 10:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    minutes, rest = divmod(whole, 60)
    hours, minutes_left = divmod(minutes, 60)
    if whole < 60:
        return f"{whole} s"
    if hours == 0:
        return f"{minutes} min {rest:02d} s"
    if hours < 48:
        return f"{hours} h {minutes_left:02d} min"
    return f"{hours // 24} d {hours % 24} h"


def memory(megabytes: float | None) -> str:
    """`850 MB`, `1.4 GB`."""
    if megabytes is None or not math.isfinite(megabytes):
        return "–"
    return f"{megabytes:.0f} MB" if megabytes < 1000 else f"{megabytes / 1024:.1f} GB"


def moment(iso: str | None) -> str:
    """`2025-03-01T10:20:30+00:00 -> 1 March 2025, 10:20 UTC`; what is not a time is shown as it is."""
    if not iso:
        return "–"
    try:
        time = datetime.fromisoformat(iso).astimezone(UTC)
    except ValueError:
        return iso
    return f"{time.day} {time:%B %Y, %H:%M} UTC"


def counted(count: int, singular: str, plural: str = "") -> str:
    """`1 job`, `1,200 jobs`."""
    return f"{count:,} {singular if count == 1 else plural or singular + 's'}"


def listed(words: Sequence[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    return " and ".join(filter(None, [", ".join(words[:-1]), *words[-1:]]))


_CODE = re.compile(r"`([^`]+)`")


def inline(text: str) -> Markup:
    """Escaped text in which `backticks` mark code."""
    return Markup(_CODE.sub(r"<code>\1</code>", str(escape(" ".join(str(text).split())))))


def prose(text: str) -> Markup:
    """Escaped paragraphs: blank lines separate them, `backticks` mark code."""
    return Markup("\n").join(Markup("<p>{}</p>").format(inline(part)) for part in re.split(r"\n\s*\n", text.strip()))


def anchor(name: str) -> str:
    """`name` as a fragment identifier: letters, digits, `-`, `_` and `.`; anything else becomes `-`."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", name)


FILTERS = {
    "number": number, "signed": signed, "p_value": p_value, "duration": duration, "memory": memory, "moment": moment,
    "counted": counted, "listed": listed, "inline": inline, "prose": prose, "anchor": anchor,
}  # fmt: skip
