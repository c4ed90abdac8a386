"""The table of what soaks measured."""

from collections import OrderedDict
from pathlib import Path

from soak_watch import LIMITS, WARM_UP, halves

NAMES = {"rss_mib": "memory (RSS), MiB", "descriptors": "open descriptors", "threads": "threads", "wal_mib": "WAL, MiB",
         "database_mib": "database, MiB"}


def sittings(rows):
    out = ["| sitting | minutes | faults | lives | longest life, min | records read | written | targets | verdict |",
           "| ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | --- |"]
    for row in rows:
        out.append(f"| {row['seed']} | {row['asked_minutes']:g} | {len(row['struck'])} | {row.get('lives', '')} "
                   f"| {row.get('longest_life_min', '')} | {row.get('inputs', '')} | {row.get('outputs', '')} "
                   f"| {row.get('targets', '')} | {'all held' if row['ok'] else 'FAILED'} |")
    return out


def takes(rows):
    out = ["| at most, first half / second half | " + " | ".join(f"sitting {row['seed']}" for row in rows)
           + " | allowed in the second half | never more than |",
           "| --- | " + "---: | " * len(rows) + "--- | ---: |"]
    for name, (factor, more, never) in LIMITS.items():
        cells = " | ".join("{:g} / {:g}".format(*halves(row["minutes"], name)) for row in rows)
        growth = "anything" if factor is None else f"first × {factor:g} + {more:g}"
        out.append(f"| {NAMES[name]} | {cells} | {growth} | {never:g} |")
    return out


def faults(rows):
    kinds = OrderedDict()
    for row in rows:
        for title, seconds in row["struck"]:
            kinds.setdefault(title, []).append(seconds)
    out = ["| fault | times | median s until healthy | slowest |", "| --- | ---: | ---: | ---: |"]
    for title, seconds in sorted(kinds.items()):
        out.append(f"| {title} | {len(seconds)} | {sorted(seconds)[len(seconds) // 2]:.1f} | {max(seconds):.1f} |")
    return out


def write(path, rows):
    text = ["# What the soaks measured", "",
            "Written by `make soak` from `soak.jsonl`; do not edit. riverd on a real Kafka under a steady stream while",
            "something breaks every minute. At the end of each sitting the outputs, read with `read_committed` by a client",
            "that is not librdkafka, were compared record by record with the oracle's; no riverd-id twice, nothing left",
            "waiting in the database, `PRAGMA integrity_check` ok, and after every fault riverd was healthy within 30 s.", ""]
    good = [row for row in rows if row["ok"]]
    if not rows:
        text.append("Nothing was measured yet.")
    else:
        text += sittings(rows) + [""]
        text += [f"What riverd took of the machine, sampled every half second; the first {WARM_UP} minute(s), in which the",
                 "history is read at full speed, are left out.", ""] + takes(good) + [""]
        text += faults(rows) + ["", f"Machine: {', '.join(sorted({row['machine'] for row in rows}))}."]
    Path(path).write_text("\n".join(text) + "\n", encoding="utf-8")
