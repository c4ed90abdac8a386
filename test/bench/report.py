"""Everything that was measured, in one page: results/*.json -> RESULTS.md and bench.png.

    report.py [DIR]       DIR holds compare.json, targets.json, outside.json, as many as there are
"""

import json
import statistics
import sys
from pathlib import Path

from systems import SYSTEMS

HERE = Path(__file__).resolve().parent
DASH = "–"


def median(runs, field):
    values = [r[field] for r in runs if r.get(field) is not None]
    return statistics.median(values) if values else None


def number(value, form):
    return DASH if value is None else format(value, form)


class Comparison:
    def __init__(self, data):
        self.data, self.millions = data, data["records"] / 1e6
        self.good = {name: [r for r in runs if not r["wrong"]] for name, runs in data["runs"].items()}
        self.order = [n for n in ("count", "decode", "riverd", "bytewax", "streams", "flink-batch", "flink")
                      if n in data["runs"]]

    def ratios(self, other, at):
        """riverd over the other, pair by pair. at: 0 CPU, 1 wall, 2 memory."""
        return [p["riverd"][at] / p[other][at] for p in self.data["pairs"] if other in p]

    def row(self, name):
        runs = self.good[name]
        if not runs:
            return f"| {SYSTEMS[name][1]} | not measured: {self.data['runs'][name][-1]['wrong'][:200]} |" + " |" * 9
        cpus = sorted(r["cpu"] / self.millions for r in runs)
        ready, started = median(runs, "ready"), median(runs, "cpu_ready")
        floor = name in ("count", "decode")
        rows, calls = median(runs, "rows"), median(runs, "calls")
        want = self.data["targets"]
        return (f"| {SYSTEMS[name][1]} | {len(runs)} | {statistics.median(cpus):.2f} ({cpus[0]:.2f} to {cpus[-1]:.2f}) | "
                f"{number(started, '.2f')} | {self.data['records'] / median(runs, 'wall'):,.0f} | "
                f"{median(runs, 'rss'):,.0f} | {number(ready, '.2f')} | {number(median(runs, 'first'), '.1f')} | "
                + (f"{DASH} | {DASH} |" if floor else f"{rows / want:.3f} | {calls / want:.2f} |"))

    def lines(self):
        d = self.data
        out = ["## Against others", "",
               "Command: `make bench`. One Kafka, one registry, one input, one model that answers every call at once with "
               "the same sentence. CPU is user and system time of all processes of a system; Kafka, the registry and "
               "the model are nobody's. A run counts only when every field of every target and booking is what an "
               "independent oracle says. Each run of another system has a run of riverd beside it, in turns.", "",
               f"{d['date']}; {d['machine']}; load {d['load']} before the first run; {d['records']:,} records in five "
               f"topics, {d['targets']:,} targets, {d['questions']:,} different (hotel, reviews).", "",
               "| system | runs | CPU-s per million records | of it before ready, CPU-s | records/s | peak MiB | ready after s "
               "| first output after s | rows per target | model calls per target |",
               "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |"]
        out += [self.row(name) for name in self.order]
        times = sorted({r["run"] for runs in d["runs"].values() for r in runs if "run" in r})
        if len(times) > 1:
            out += ["", f"In {len(times)} sittings, which began at {', '.join(times)}; date and load above are those of the last."]
        out += ["", "riverd against each, pair by pair (median, and all):", "",
                "| other | CPU, other over riverd | peak memory, other over riverd | rate, riverd over other |",
                "| --- | ---: | ---: | ---: |"]
        for name in self.order:
            if name == "riverd" or not self.ratios(name, 0):
                continue
            cells = [(1, self.ratios(name, 0)), (1, self.ratios(name, 2)), (1, self.ratios(name, 1))]
            text = [f"{statistics.median(1 / r for r in rs):.2f} ({', '.join(f'{1 / r:.2f}' for r in sorted(rs))})"
                    for _, rs in cells]
            out.append(f"| {SYSTEMS[name][1]} | " + " | ".join(text) + " |")
        notes = HERE / "NOTES.md"
        return out + ["", *(notes.read_text().rstrip().splitlines() if notes.exists() else [])]

    def targets(self):
        """What is promised against others, as rows of the table of targets."""
        out = []
        for name, at, bound, what in (("flink", 0, 20, "CPU per event against"), ("flink-batch", 0, 20, "CPU per event against"),
                                      ("streams", 0, 8, "CPU per event against"), ("flink", 2, 20, "peak memory against"),
                                      ("flink-batch", 2, 20, "peak memory against")):
            ratios = self.ratios(name, at)
            if ratios:
                times = statistics.median(1 / r for r in ratios)
                out.append({"what": f"{what} {SYSTEMS[name][1]}", "target": f"≤ 1/{bound}", "measured":
                            f"1/{times:.1f}, " + (f"median of {len(ratios)} pairs" if len(ratios) > 1 else "one pair"), "reached": times >= bound,
                            "verdict": "reached" if times >= bound else "**not reached**", "command": "make bench"})
        calls = max((r["calls"] for r in self.good.get("riverd", [])), default=None)
        if calls is None:
            return out
        out.append({"what": "model calls per target", "target": "≤ distinct (hotel, review set) pairs", "measured":
                    f"{calls:,} calls for {self.data['targets']:,} targets with {self.data['questions']:,} distinct pairs",
                    "verdict": "reached" if calls <= self.data["questions"] else "**not reached**", "command": "make bench"})
        return out

    def draw(self, path):
        import matplotlib
        matplotlib.use("Agg")
        from matplotlib import pyplot
        names = [n for n in self.order if self.good[n]]
        figure, axes = pyplot.subplots(1, 2, figsize=(11, 0.55 * len(names) + 1.4), sharey=True)
        for ax, field, scale, label, form, axis in (
                (axes[0], "cpu", 1 / self.millions, "CPU seconds per million records (log scale)", "%.1f", "log"),
                (axes[1], "rss", 1, "peak memory, MiB", "%.0f", "linear")):
            values = [median(self.good[n], field) * scale for n in names]
            bars = ax.barh([SYSTEMS[n][1] for n in names], values,
                           color=["#1f6f8b" if n == "riverd" else "#b8c4cc" for n in names])
            ax.bar_label(bars, fmt=form, padding=3)
            ax.set_xscale(axis)
            ax.set_xlim(min(values) / 2 if axis == "log" else 0, max(values) * (4 if axis == "log" else 1.2))
            ax.set_xlabel(label + ", less is better")
            ax.spines[["top", "right"]].set_visible(False)
        axes[0].invert_yaxis()
        figure.tight_layout()
        figure.savefig(path, dpi=110)
        pyplot.close(figure)


def table(title, data):
    """targets.json and outside.json: rows of what, target, measured, reached, command."""
    out = [f"## {title}", "", f"{data['date']}; {data['machine']}; load {data['load']} before.", "",
           "| what | target | measured | | command |", "| --- | --- | --- | --- | --- |"]
    out += [f"| {r['what']} | {r['target']} | {r['measured']} | {r['verdict']} | `{r['command']}` |" for r in data["rows"]]
    return out + [""] + [f"* {note}" for note in data.get("notes", [])]


def write(directory):
    """Beside this file, or into the directory if that is another than ours."""
    to, more = HERE if Path(directory).resolve() == HERE / "results" else Path(directory), []
    lines = ["# What was measured", "", "Written by `test/bench/report.py` from `test/bench/results/`. What an event costs as "
             "things grow is in [GROWTH.md](GROWTH.md).", ""]
    for name, title in (("compare", None), ("targets", "Targets"), ("outside", "The outside under load")):
        file = Path(directory) / f"{name}.json"
        if not file.exists():
            continue
        data = json.loads(file.read_text())
        if title is None:
            comparison = Comparison(data)
            lines += comparison.lines()
            more = comparison.targets()
            comparison.draw(to / "bench.png")
            lines += ["", "![CPU and memory of each system](bench.png)"]
        else:
            lines += table(title, dict(data, rows=data["rows"] + (more if name == "targets" else [])))
        lines.append("")
    (to / "RESULTS.md").write_text("\n".join(lines))


if __name__ == "__main__":
    write(Path(sys.argv[1]) if len(sys.argv) > 1 else HERE / "results")
