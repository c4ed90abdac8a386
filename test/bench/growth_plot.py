"""Draws GROWTH.png from results/growth.json."""

import json
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
from matplotlib import pyplot  # noqa: E402

HERE = Path(__file__).resolve().parent
WHAT = {"pending": "clicks pending", "hotels": "hotels", "partitions": "partitions", "database": "clicks in the database"}


def main():
    points = json.loads((HERE / "results" / "growth.json").read_text())["points"]
    curves = [c for c in WHAT if any(p["curve"] == c for p in points)]
    figure, rows = pyplot.subplots(2, len(curves), figsize=(3.4 * len(curves), 5.2), squeeze=False)
    for column, curve in enumerate(curves):
        for row, field, label in ((0, "ns", "CPU ns an event"), (1, "instructions", "instructions an event")):
            some = [p for p in points if p["curve"] == curve and p[field] is not None]
            ax = rows[row][column]
            ax.plot([p["x"] for p in some], [p[field] for p in some], marker="o", color="#1f6f8b")
            if row == 1:  # what is promised: within 15 % of the first
                first = some[0][field]
                ax.axhspan(0.85 * first, 1.15 * first, color="#1f6f8b", alpha=0.12)
            ax.set_xscale("log")
            ax.set_ylim(0, 1.5 * max(p[field] for p in some))
            ax.set_xlabel(WHAT[curve])
            ax.set_ylabel(label if column == 0 else "")
            ax.spines[["top", "right"]].set_visible(False)
    figure.tight_layout()
    figure.savefig(HERE / "GROWTH.png", dpi=100)


if __name__ == "__main__":
    main()
