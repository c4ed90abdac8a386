"""Reads a dashboard with the types that Grafana publishes of its own schema, and writes it again.

    python grafana_model.py DASHBOARD     prints a JSON list of what was lost or changed on the way

What Grafana's types do not know (a misspelt option, a field of the wrong kind) does not come back.
"""

import json
import sys

from grafana_foundation_sdk.cog import plugins
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models import dashboard


def differences(ours, theirs, where=""):
    if isinstance(ours, dict) and isinstance(theirs, dict):
        for key, value in ours.items():
            if key in theirs:
                yield from differences(value, theirs[key], f"{where}.{key}")
            else:
                yield f"{where}.{key}"
    elif isinstance(ours, list) and isinstance(theirs, list) and len(ours) == len(theirs):
        for i, (mine, yours) in enumerate(zip(ours, theirs)):
            yield from differences(mine, yours, f"{where}[{i}]")
    elif ours != theirs:
        yield where


def read_and_write(data):
    return json.loads(JSONEncoder().encode(dashboard.Dashboard.from_json(data)))


def main():
    plugins.register_default_plugins()
    data = json.load(open(sys.argv[1], encoding="utf-8"))
    print(json.dumps(list(differences(data, read_and_write(data)))))


main()
