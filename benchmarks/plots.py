"""The figures of a run as pictures: every ratio beside its goal, one bar for each row."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.figure import Figure

_COLOURS = {True: "#2a7f4f", False: "#b3402a", None: "#5b6b7a"}
mpl.rcParams["svg.hashsalt"] = "express-sync"  # so that the same figures give the same file


def draw(rows: Sequence[Mapping[str, Any]], directory: Path) -> list[Path]:
    """Write the picture of all rows that have a ratio as SVG and PNG, and return the files."""
    shown = [row for row in rows if row["ratio"] is not None]
    figure = Figure(figsize=(10, 0.34 * len(shown) + 1.2), layout="constrained")
    axes = figure.subplots()
    places = range(len(shown), 0, -1)
    axes.barh(places, [row["ratio"]["median"] for row in shown], color=[_COLOURS[row["met"]] for row in shown])
    axes.set_yticks(places, [f"{row['measure']}  :  {row['beside']}" for row in shown], fontsize=8)
    axes.set_ylim(0.3, len(shown) + 0.7)
    axes.set_xscale("log")
    axes.axvline(1, color="black", linewidth=0.8)
    for place, row in zip(places, shown, strict=True):
        goal = f"  (goal: {row['goal']})" if row["goal"] else ""
        axes.text(row["ratio"]["median"], place, f" {row['ratio']['median']:.2f}{goal}", va="center", fontsize=8)
    axes.set_xlim(right=axes.get_xlim()[1] * 4)
    axes.set_xlabel("this function : its peer or floor (green: goal met, red: missed, grey: no goal)")
    axes.spines[["top", "right"]].set_visible(False)
    return saved(figure, directory, "benchmarks")


def saved(figure: Figure, directory: Path, name: str) -> list[Path]:
    """Write a picture as SVG and PNG, and return the files."""
    files = [directory / f"{name}.{kind}" for kind in ("svg", "png")]
    for file in files:
        # without the time, which would make every run a change
        figure.savefig(file, dpi=110, metadata={"Date": None} if file.suffix == ".svg" else None)
    return files
