"""Draws GROWTH.png from results/growth.json."""

import json
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
from matplotlib import pyplot  # noqa: E402

HERE = Path(__file__).resolve().parent
WHAT = {"pending": "clicks pending", "hotels": "hotels", "partitions": "partitions",
        "database": "rows in the database before"}
COLOUR, LIGHT, GREY = "#1f6f8b", "#8fbccb", "#888888"


def draw(ax, points, whole, before, label):
    """An event's whole cost and the part of it before the commit; a band of 15 % around the first."""
    x = [p["x"] for p in points]
    ax.axhspan(0.85 * points[0][whole], 1.15 * points[0][whole], color=COLOUR, alpha=0.12, linewidth=0)
    ax.plot(x, [p[whole] for p in points], marker="o", color=COLOUR, label="an event, with its commit")
    ax.plot(x, [p[before] for p in points], marker=".", color=LIGHT, label="of it before the commit")
    ax.set_xscale("log")
    ax.set_ylim(0, 1.6 * max(p[whole] for p in points))
    ax.set_ylabel(label)
    ax.spines[["top", "right"]].set_visible(False)


def main():
    points = json.loads((HERE / "results" / "growth.json").read_text())["points"]
    curves = {c: sorted((p for p in points if p["curve"] == c), key=lambda p: p["x"]) for c in (*WHAT, "probe")}
    shown = [c for c in WHAT if curves[c]]
    figure, rows = pyplot.subplots(2, len(shown), figsize=(3.4 * len(shown), 5.2), squeeze=False)
    for column, curve in enumerate(shown):
        draw(rows[0][column], curves[curve], "ns", "before", "CPU ns" if column == 0 else "")
        counted = [p for p in curves[curve] if "instructions" in p]
        draw(rows[1][column], counted, "instructions", "instructions_before", "instructions" if column == 0 else "")
        rows[1][column].set_xlabel(WHAT[curve])
    if "pending" in shown and curves["probe"]:
        rows[0][0].plot([p["x"] for p in curves["probe"]], [p["ns"] for p in curves["probe"]], linestyle="--",
                        color=GREY, label="one cold look-up, the machine alone")
    rows[0][0].legend(frameon=False, fontsize=7, loc="upper left")
    figure.tight_layout()
    figure.savefig(HERE / "GROWTH.png", dpi=100)


if __name__ == "__main__":
    main()
