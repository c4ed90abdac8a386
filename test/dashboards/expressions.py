"""What PromQL expressions ask for: metric names and the labels used with them. Good enough for ours."""

import re

WORDS = set("""sum min max avg count by on and or unless without ignoring rate increase deriv changes time histogram_quantile
clamp_min predict_linear bool group_left group_right le offset""".split())
SELECTOR = re.compile(r"\b([a-zA-Z_:][a-zA-Z0-9_:]*)\s*(\{[^}]*\})?")
GROUPING = re.compile(r"\b(?:by|on|without|ignoring)\s*\(([^)]*)\)")


def names(expression):
    """{metric name: labels in its selector}, and the labels of by () and on ()."""
    grouped = {label.strip() for group in GROUPING.findall(expression) for label in group.split(",")}
    rest = GROUPING.sub(" ", expression)
    found = {}
    for name, selector in SELECTOR.findall(re.sub(r'"[^"]*"', '""', rest)):
        if name in WORDS or re.fullmatch(r"[0-9]*[smhd]", name):
            continue
        labels = set(re.findall(r"([a-zA-Z_]\w*)\s*(?:=~|!~|!=|=)", selector))
        found.setdefault(name, set()).update(labels)
    # Durations within brackets and label names are no metrics.
    return {n: l for n, l in found.items() if not n.startswith("__") and n not in ("h", "m", "s")}, grouped - {""}
