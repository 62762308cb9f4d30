"""Draw processor time against size."""

from collections.abc import Mapping, Sequence
from math import log10
from pathlib import Path
from typing import Final

import matplotlib as mpl
from matplotlib.figure import Figure

GREY: Final = "#7a7f87"
"""As far from white as from GitHub's dark background: the picture has none of its own. The colors below are as light."""

COLORS: Final = {
    "CSafeLoader": GREY,
    "cold plan": "#2f81f7",
    "warm plan": "#1a9e5f",
    "octoDNS plan": "#b07d12",
    "Terraform plan, static": "#a371f7",
    "Terraform plan, over YAML": "#e0523f",
}
NAMES: Final = {"cold plan": "reconciler, cold plan", "warm plan": "reconciler, warm plan", "CSafeLoader": "PyYAML CSafeLoader alone"}
APART: Final = 0.15
"""How far labels at the same end stay apart, in powers of ten."""


def draw(series: Mapping[str, Sequence[tuple[int, float]]], path: Path, mark: str) -> None:
    """Draw seconds against organizations, both logarithmic, with the name of each line at its end; the same bytes for the same figures."""
    mpl.rcParams.update({"svg.hashsalt": "reconciler", "svg.fonttype": "none", "font.family": "sans-serif", "font.size": 11})
    figure = Figure(figsize=(9, 5.5), layout="constrained")
    axes = figure.add_subplot()
    axes.set(xscale="log", yscale="log", xlabel="organizations of 20 administrators", ylabel="processor seconds, whole process")
    taken: dict[int, float] = {}
    for name, points in sorted(series.items(), key=lambda item: item[1][-1][1]):
        sizes, seconds = zip(*points, strict=True)
        axes.plot(
            sizes, seconds, color=COLORS[name], marker="o", markersize=4, linewidth=2.2 if name in {"cold plan", "warm plan"} else 1.4
        )
        height = max(log10(seconds[-1]), taken.get(sizes[-1], -9) + APART)
        taken[sizes[-1]] = height
        place = {"xytext": (8, 0), "textcoords": "offset points", "va": "center"}
        axes.annotate(NAMES.get(name, name), (sizes[-1], 10**height), color=COLORS[name], **place)
    ticks = sorted({size for points in series.values() for size, _ in points})
    axes.set_xticks(ticks, [f"{size:,}" for size in ticks])
    axes.minorticks_off()
    axes.yaxis.set_major_formatter(lambda value, _: f"{value:,g}")
    axes.set_xlim(ticks[0] * 0.8, ticks[-1] * (ticks[-1] / ticks[0]) ** 0.45)  # room for the names
    axes.grid(color=GREY, alpha=0.25, linewidth=0.6)
    axes.tick_params(colors=GREY)
    axes.xaxis.label.set_color(GREY)
    axes.yaxis.label.set_color(GREY)
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(GREY)
    figure.savefig(path, format="svg", transparent=True, metadata={"Date": None, "Description": mark})
