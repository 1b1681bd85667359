"""Figures stage."""

from __future__ import annotations


def figures(results) -> None:
    return
