"""Figures and tables of pruning-init. A scale that lacks a data set leaves out what is drawn from it."""

from __future__ import annotations

from tenfold import plotting
from tenfold.papers.pruning_init.drawing import curves, phases, tables
from tenfold.papers.pruning_init.drawing.grids import first_grid
from tenfold.results import Results

SIMULATIONS = ["simulation-recalled", "simulation", "simulation-tiny"]
THEORY = ["theory", "theory-tiny"]
FINEST = ["phase", *THEORY]


def figures(results: Results) -> None:
    """Figures 1 to 7 and tables 1 to 5; see `figures:` and `tables:` in the paper's YAML."""
    with plotting.style():
        _simulation(results)
        _theory(results)
        _images(results)


def _simulation(results: Results) -> None:
    grid = first_grid(results, SIMULATIONS)
    if grid is None:
        return
    results.save_figure("f1-error-by-fraction", curves.error_by_fraction(grid), [grid.dataset])
    results.save_figure("f2-error-by-iteration", curves.error_by_iteration(grid), [grid.dataset])
    results.save_table("t4-simulation", tables.grid_table(results, first_grid(results, SIMULATIONS[1:]) or grid))


def _theory(results: Results) -> None:
    if grid := first_grid(results, THEORY):
        wide = first_grid(results, ["wide"])
        shown = [found.dataset for found in (grid, wide) if found]
        results.save_figure("f3-coefficients", phases.coefficients(grid, wide), shown)
        results.save_table("t1-grid", tables.grid_table(results, grid))
        if figure := phases.arms(results, grid.dataset):
            results.save_figure("f7-arms", figure, [grid.dataset])
    if grid := first_grid(results, FINEST):
        results.save_figure("f4-phase-diagram", phases.phase_diagram(grid), [grid.dataset])
        results.save_figure("f5-collapse", phases.collapse(grid), [grid.dataset])
        results.save_table("t2-thresholds", tables.threshold_table(grid))
        results.save_table("t5-coverage", tables.coverage_table(grid))


def _images(results: Results) -> None:
    if drawn := curves.image_panels(results):
        results.save_figure("f6-images", *drawn)
    table = tables.image_table(results)
    if table is not None:
        results.save_table("t3-images", table)
