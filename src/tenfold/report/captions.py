"""What `snakemake --report` says about papers and their figures: from the papers' YAML, as reStructuredText."""

from __future__ import annotations

import re
from typing import Any

from tenfold.config import PaperConfig, Shown


def captions(paper: PaperConfig) -> dict[str, Any]:
    """Texts for the templates under workflow/report: `title`, `summary`, and a caption for each of `figures`."""
    return {
        "title": f"*{_plain(paper.title)}* ({_plain(published(paper))})",
        "summary": restructured(paper.summary),
        "figures": {name: _caption(shown) for name, shown in paper.figures.items()},
    }


def published(paper: PaperConfig) -> str:
    """Where and when: the year follows the venue unless it is part of it."""
    return paper.venue if str(paper.year) in paper.venue else f"{paper.venue}, {paper.year}"


def figure_labels(paper: PaperConfig, name: str) -> dict[str, str]:
    """The columns in which a figure is listed; a file that the paper does not declare has a name only."""
    shown = paper.figures.get(name)
    return {"figure": name, "title": shown.title if shown else "", "in the paper": shown.source if shown else ""}


def restructured(text: str) -> str:
    """Our Markdown as reStructuredText: `code` becomes literal, and nothing else is taken for markup."""
    parts = re.split(r"`([^`]+)`", " ".join(text.split()))
    # A literal has to stand between spaces, if escaped ones.
    return "".join(rf"\ ``{part}``\ " if position % 2 else _plain(part) for position, part in enumerate(parts))


def _plain(text: str) -> str:
    return re.sub(r"([\\*_|`:<>\[\]])", r"\\\1", text)


def _caption(shown: Shown) -> str:
    source = f" In the paper: {_plain(shown.source)}." if shown.source else ""
    return f"**{_plain(shown.title)}.** {restructured(shown.caption)}{source}"
