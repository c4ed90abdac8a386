"""Writes what was asked, what the model wrote and what riverd sent, as Markdown."""

import os
import re


def quote(text):
    return "\n".join(f"> {line}".rstrip() for line in (text or "(nothing)").strip().split("\n"))


def reasons(log):
    found = re.findall(r"question answered without the model: ([^\n\"]+)", log)
    return {reason.strip(): found.count(reason) for reason in found}


def write_examples(path, facts, questions, log):
    lines = [f"## {facts['file']}", "",
             f"{facts['bytes'] / 1e6:.0f} MB, {os.cpu_count()} CPU cores shared with other work, temperature 0, "
             f"one call at a time, ready after {facts['load']} s.", "",
             "| | |", "| --- | --- |",
             f"| targets | {facts['targets']} |", f"| questions (distinct sets of reviews) | {facts['questions']} |",
             f"| calls | {facts['calls']} |",
             f"| answered in the model's words | {facts['taken']} of {facts['questions']} |",
             f"| latency of a call, median / slowest | {facts['median']:.0f} ms / {facts['slowest']:.0f} ms |",
             f"| tokens in / out, median | {facts['in']:.0f} / {facts['out']:.0f} |"]
    lines += [f"| extractive instead, because: {reason} | {count} |" for reason, count in reasons(log).items()]
    for number, q in enumerate(questions, 1):
        lines += ["", f"### {number}. {'taken' if q.taken else 'not taken'}", "", "Reviews:", ""]
        lines += [f"* {review}" for review in q.reviews]
        for e in q.exchanges:
            lines += ["", f"The model ({e.ms:.0f} ms, {e.tokens_in} + {e.tokens_out} tokens, ended by {e.finish}):", "",
                      quote(e.text)]
        lines += ["", "Sent to the customer:", "", quote(q.summary)]
    path.write_text("\n".join(lines) + "\n")
