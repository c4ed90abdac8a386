#!/usr/bin/env python3
"""Explores the protocol of protocol.py, every interleaving of it.

    check.py             the protocol, and every variant with a broken rule
    check.py --deep      the same with three inputs in every weather: some minutes
    check.py RULE...     the shortest way to go wrong without these rules

The protocol must hold in every state that can be reached, and from every one
of them it must be able to settle (or rightly refuse). Each variant must be
found wrong: one that is not means that the model misses what the rule is for.
"""

import sys
import time

import protocol

# What may happen together. Each is explored to the end for the protocol.
WEATHER = [
    dict(crash=2, power=1),
    dict(crash=1, delay=2),
    dict(crash=1, delay=1, timeout=1),
    dict(power=1, torn=1, full=1),
    dict(crash=1, torn=1, expire=1),
    dict(crash=1, again=1, full=1),
    dict(crash=1, restore=1),
    dict(crash=1, restore=1, expire=1),
    dict(crash=2, swap=2),
    dict(crash=1, fresh=1),
    dict(crash=1, lose=1),
    dict(crash=1, expire=1, blind=1, delay=1),
    dict(power=1, delay=1, torn=1),
]

# The rules, and what their absence was seen to do. More than one where a
# second rule covers for the first.
VARIANTS = [
    ("synchronous=NORMAL", ["full sync"]),
    ("synchronous=NORMAL, copies are not noticed", ["full sync", "compare epoch and seq"]),
    ("epoch and seq are not compared with Kafka's", ["compare epoch and seq"]),
    ("neither is the uuid", ["compare the uuid", "compare epoch and seq"]),
    ("who published is not compared, only how far", ["know who published"]),
    ("neither is which result has a number", ["know who published", "compare the ids"]),
    ("the offsets are read before older producers are fenced",
     ["fence, then read", "scan when unsure"]),
    ("a commit that timed out counts as failed", ["a timeout is not a failure"]),
    ("a commit that timed out counts as done",
     ["a timeout is not a success", "see each commit"]),
    ("the same producer goes on after an unknown outcome", ["a new producer"]),
    ("a commit with a repeated request counts as plain",
     ["repeated is unknown", "scan when unsure"]),
    ("rows are deleted when the commit returns", ["delete on evidence"]),
    ("a commit is covered by the next one before it was seen", ["see each commit"]),
    ("offsets before rows", ["rows first"]),
    ("no offsets means nothing was sent", ["scan the outputs"]),
    ("the outputs are scanned only without offsets", ["scan when unsure"]),
    ("unreadable offsets count as none, and none as nothing sent",
     ["an error is not an absence", "scan the outputs"]),
    ("an empty database counts as a new one", ["look when empty but not new"]),
    ("offsets of inputs are committed before their effects", ["one transaction, offsets first"]),
    ("effects are committed before the offsets of inputs", ["one transaction, rows first"]),
    ("open questions live in memory", ["pending is durable"]),
    ("memory keeps what was rolled back", ["no cache survives a rollback"]),
    ("records that come again are taken again", ["drop below next"]),
    ("numbers start again when the outbox is empty", ["numbers are never reused"]),
    ("a Kafka that forgot is not noticed", ["notice a Kafka that forgot"]),
]


def trace(parents, state):
    steps = []
    while parents[state] is not None:
        step, state = parents[state]
        steps.append(step)
    return steps[::-1]


def explore(weather, rules, to_the_end):
    """Breadth first. (states, violation or None, steps to it)"""
    first = protocol.initial(weather)
    if weather.get("lose"):
        first = first._replace(k=first.k._replace(before=((), None)))
    parents = {first: None}
    order = [first]
    back = {}
    ends = []
    for state in order:
        wrong = protocol.violation(state)
        if wrong:
            return len(parents), wrong, trace(parents, state)
        if protocol.settled(state) or (state.p and state.p.phase == protocol.REFUSED):
            ends.append(state)
        for step, nxt in protocol.successors(state, rules):
            if to_the_end:
                back.setdefault(nxt, []).append(state)
            if nxt not in parents:
                parents[nxt] = (step, state)
                order.append(nxt)
    if to_the_end:
        stuck = cannot_end(order, back, ends)
        if stuck is not None:
            return len(parents), "stuck: can never settle", trace(parents, stuck)
    return len(parents), None, []


def cannot_end(order, back, ends):
    seen = set(ends)
    work = list(ends)
    while work:
        for before in back.get(work.pop(), ()):
            if before not in seen:
                seen.add(before)
                work.append(before)
    return next((s for s in order if s not in seen), None)


def show(steps):
    for number, step in enumerate(steps, 1):
        print("      %2d. %s" % (number, step))


def check_protocol(inputs, weathers):
    failed = 0
    total = 0
    protocol.N = inputs
    for weather in weathers:
        began = time.monotonic()
        states, wrong, steps = explore(weather, frozenset(), True)
        total += states
        name = ", ".join("%s x%d" % item for item in weather.items())
        print("%-5s %8d states %5.1f s  %d inputs, %s%s" % (
            "FAIL" if wrong else "ok", states, time.monotonic() - began, inputs, name,
            ": " + wrong if wrong else ""), flush=True)
        if wrong:
            show(steps)
            failed += 1
    print("the protocol with %d inputs: %d states in %d weathers" % (inputs, total, len(weathers)))
    return len(weathers) - failed, failed


def find(rules):
    for weather in WEATHER:
        states, wrong, steps = explore(weather, frozenset(rules), False)
        if wrong:
            return wrong, steps
    return None, []


def check_variants():
    failed = 0
    protocol.N = 2
    for name, rules in VARIANTS:
        wrong, steps = find(rules)
        print("%-5s %s: %s" % ("ok" if wrong else "FAIL", name,
                               "%s, after %d steps" % (wrong, len(steps)) if wrong else "NOT FOUND BAD"), flush=True)
        failed += not wrong
    return len(VARIANTS) - failed, failed


def main():
    deep = sys.argv[1:] == ["--deep"]
    if len(sys.argv) > 1 and not deep:
        wrong, steps = find(sys.argv[1:])
        print(wrong or "nothing goes wrong")
        show(steps)
        return
    results = [
        check_protocol(2, WEATHER),
        check_protocol(3, WEATHER if deep else [w for w in WEATHER if not {"delay", "expire", "swap"} & w.keys()]),
        check_variants(),
    ]
    failed = sum(r[1] for r in results)
    print("%d passed, %d failed" % (sum(r[0] for r in results), failed))
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
