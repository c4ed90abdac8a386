"""The Grafana dashboard and the alert rules against a running riverd and a real Prometheus.

    dashboards_test.py       RIVERD names the program

riverd demo gives the metrics; Prometheus scrapes them and answers every expression; promtool judges
files, metrics and each alert, firing and quiet. Last line: N passed, N failed.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import traceback
import urllib.parse
import urllib.request
from pathlib import Path

from alert_cases import ALERTS
from expressions import names

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path.insert(0, str(ROOT / "test" / "integration"))
from live import free_port, http, wait_for  # noqa: E402

RIVERD = os.environ.get("RIVERD", str(ROOT / "build" / "riverd"))
RULES = ROOT / "etc" / "prometheus" / "riverd.rules.yml"
DASHBOARD = json.loads((ROOT / "etc" / "grafana" / "riverd.json").read_text())
GRAFANA_TYPES = "grafana-foundation-sdk==1769699998!10.1.0"
ADDED = {"job", "instance", "le"}  # by Prometheus, and of every histogram
# Nothing to show in a healthy demo: no model, no dead letter in the last seconds.
MAY_BE_EMPTY = re.compile(r"riverd_model_|riverd_dead_letters_total|riverd_pipeline_summaries|changes\(")
TESTS = []


def test(function):
    TESTS.append(function)
    return function


def panels():
    return [p for p in DASHBOARD["panels"] if p["type"] != "row"]


def dashboard_expressions():
    out = [(p["title"], t["expr"]) for p in panels() for t in p["targets"]]
    return out + [(a["name"], a["expr"]) for a in DASHBOARD["annotations"]["list"]]


def rule_expressions():
    """From Prometheus's own reading of the file: [(alert, expression)]."""
    text = RULES.read_text()
    blocks = re.findall(r"- alert: (\w+)\n\s+expr: (.*?)\n\s+(?:for|labels):", text, re.S)
    return [(name, re.sub(r"\s+", " ", expr.replace(">-", "")).strip()) for name, expr in blocks]


def filled_in(expression):
    return expression.replace("$job", ".*").replace("$instance", ".*").replace("$__rate_interval", "10s")


class World:
    """riverd demo, and a Prometheus that scrapes it every second."""

    def __init__(self, directory):
        self.directory = Path(directory)
        self.http, self.port = free_port(), free_port()
        with open(self.directory / "demo.log", "w") as log:
            self.demo = subprocess.Popen([RIVERD, "demo", "-o", f"http.listen=127.0.0.1:{self.http}"], stdout=log, stderr=log, cwd=directory)
        self.url = f"http://127.0.0.1:{self.http}"
        wait_for("the demo is ready", lambda: http(self.url + "/readyz")[0] == 200, 60)
        shutil.copy(RULES, self.directory / "riverd.rules.yml")
        config = {"global": {"scrape_interval": "1s", "evaluation_interval": "1s"}, "rule_files": ["riverd.rules.yml"],
                  "scrape_configs": [{"job_name": "riverd", "static_configs": [{"targets": [f"127.0.0.1:{self.http}"]}]}]}
        (self.directory / "prometheus.yml").write_text(json.dumps(config))
        with open(self.directory / "prometheus.log", "w") as log:
            self.prometheus = subprocess.Popen(
                ["prometheus", f"--config.file={self.directory}/prometheus.yml", f"--storage.tsdb.path={self.directory}/data",
                 f"--web.listen-address=127.0.0.1:{self.port}"], stdout=log, stderr=log)
        self.api = f"http://127.0.0.1:{self.port}/api/v1/"
        wait_for("Prometheus has targets of the demo", lambda: self.query("riverd_pipeline_targets_emitted_total > 0 and riverd_brokers_up > 0"), 90, 0.5)
        wait_for("ten scrapes", lambda: self.query("count_over_time(riverd_ready[30s]) > 10"), 60, 0.5)
        self.metrics = http(self.url + "/metrics")[1]
        self.families = self.read_families()

    def ask(self, path, **parameters):
        status, body = http(self.api + path + "?" + urllib.parse.urlencode(parameters))
        return json.loads(body) if body else {"status": f"HTTP {status}"}

    def query(self, expression):
        answer = self.ask("query", query=expression)
        return answer["data"]["result"] if answer["status"] == "success" else []

    def read_families(self):
        """{name of a sample: its labels}; a family without samples has the labels of its help in the manual: none known."""
        found = {}
        for name, kind in re.findall(r"^# TYPE (\S+) (\S+)$", self.metrics, re.M):
            for suffix in ("_bucket", "_sum", "_count") if kind == "histogram" else ("",):
                found[name + suffix] = None
        for name, labels in re.findall(r"^([a-z_]+)(?:\{([^}]*)\})? \S+$", self.metrics, re.M):
            found[name] = set(re.findall(r"(\w+)=\"", labels))
        return found

    def stop(self):
        for process in (self.prometheus, self.demo):
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def promtool(*words, stdin=None):
    done = subprocess.run(["promtool", *words], input=stdin, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


@test
def the_files_are_sound(world):
    code, text = promtool("check", "rules", str(RULES))
    assert code == 0, text
    code, text = promtool("check", "metrics", stdin=world.metrics)
    assert code == 0 and not text.strip(), text


@test
def every_metric_named_exists_with_the_labels_used(world):
    wrong = []
    for where, expression in dashboard_expressions() + rule_expressions():
        found, grouped = names(filled_in(expression))
        assert found, f"{where}: no metric in {expression}"
        every = set()
        for name, labels in found.items():
            if name == "up":
                continue
            if name not in world.families:
                wrong.append(f"{where}: there is no metric {name}")
                continue
            has = (world.families[name] or set()) | ADDED
            every |= has
            if world.families[name] is not None:
                wrong += [f"{where}: {name} has no label {label}" for label in labels - has]
        wrong += [f"{where}: no metric has the label {label}" for label in grouped - every - ADDED]
    assert not wrong, "\n".join(wrong)


@test
def every_panel_draws_something(world):
    empty = []
    for where, expression in dashboard_expressions():
        answer = world.ask("query", query=filled_in(expression))
        assert answer["status"] == "success", f"{where}: {expression}: {answer}"
        if not answer["data"]["result"] and not MAY_BE_EMPTY.search(expression):
            empty.append(f"{where}: {expression}")
    assert not empty, "\n".join(empty)


@test
def every_rule_is_evaluated_and_none_fires_for_a_healthy_riverd(world):
    rules = [r for g in world.ask("rules")["data"]["groups"] for r in g["rules"]]
    assert {r["name"] for r in rules} == set(ALERTS), {r["name"] for r in rules} ^ set(ALERTS)
    assert all(r["health"] == "ok" for r in rules), [r for r in rules if r["health"] != "ok"]
    # The demo's event time runs fast, so what compares it with the clock does not count here.
    timed = {"RiverdWatermarkBehind", "RiverdPartitionHoldsBack", "RiverdDeadLetters"}
    firing = [r["name"] for r in rules if r["state"] == "firing" and r["name"] not in timed]
    assert not firing, firing
    assert len(rule_expressions()) == len(ALERTS)


def case_file(alert, case, fires):
    series = [{"series": name, "values": values} for name, values in case["fires" if fires else "quiet"]]
    return {"interval": "1m", "input_series": series,
            "promql_expr_test": [{"expr": f'count(ALERTS{{alertname="{alert}",alertstate="firing"}}) or vector(0)', "eval_time": case["at"],
                                  "exp_samples": [{"labels": "{}", "value": 1 if fires else 0}]}]}


@test
def every_alert_fires_when_it_should_and_not_otherwise(world):
    for alert, case in ALERTS.items():
        for fires in (True, False):
            path = world.directory / "case.json"
            path.write_text(json.dumps({"rule_files": [str(RULES)], "evaluation_interval": "1m", "tests": [case_file(alert, case, fires)]}))
            code, text = promtool("test", "rules", str(path))
            assert code == 0, f"{alert} {'does not fire' if fires else 'fires'}\n{text}"


@test
def alerts_say_what_they_mean_and_readme_what_to_do(_world):
    text = RULES.read_text()
    blocks = text.split("- alert: ")[1:]
    for block in blocks:
        name = block.split("\n", 1)[0]
        assert re.search(r"severity: (critical|warning)", block) and "summary:" in block, name
    runbook = dict(re.findall(r"^\| (Riverd\w+) \| (.+) \|$", (ROOT / "README.md").read_text(), re.M))
    assert set(runbook) == set(ALERTS), f"the alerts that README.md tells of are not those of the rules: {set(runbook) ^ set(ALERTS)}"
    short = [name for name, advice in runbook.items() if len(advice) < 40]
    assert not short, f"README.md says too little about {short}"


def unknown_to_grafana(python, data, path):
    path.write_text(json.dumps(data))
    done = subprocess.run([python, HERE / "grafana_model.py", path], check=True, capture_output=True, text=True)
    return set(json.loads(done.stdout))


@test
def grafana_s_own_types_know_every_field(world):
    """There is no package of Grafana itself to draw it with; its schema is what can be asked."""
    python = subprocess.run([ROOT / "scripts" / "python-env", "grafana", GRAFANA_TYPES], check=True, text=True,
                            stdout=subprocess.PIPE).stdout.strip()
    path = world.directory / "dashboard.json"
    # Fields of data source plugins, which the schema of dashboards leaves out.
    plugins = {".templating.list[1].definition", ".templating.list[2].definition", ".annotations.list[0].titleFormat"}
    unknown = unknown_to_grafana(python, DASHBOARD, path)
    assert unknown <= plugins, unknown - plugins
    broken = json.loads(json.dumps(DASHBOARD))
    panel = next(i for i, p in enumerate(broken["panels"]) if p["type"] == "timeseries")
    broken["panels"][panel]["options"]["legnd"] = broken["panels"][panel]["options"].pop("legend")
    assert unknown_to_grafana(python, broken, path) > unknown, "a misspelt option is not noticed"


@test
def the_dashboard_is_laid_out_without_overlaps(_world):
    ids = [p["id"] for p in DASHBOARD["panels"]]
    assert len(set(ids)) == len(ids)
    taken = {}
    for p in DASHBOARD["panels"]:
        g = p["gridPos"]
        assert 0 <= g["x"] and g["x"] + g["w"] <= 24, p["title"]
        for x in range(g["x"], g["x"] + g["w"]):
            for y in range(g["y"], g["y"] + g["h"]):
                assert (x, y) not in taken, f"{p['title']} overlaps {taken[x, y]}"
                taken[x, y] = p["title"]
    for p in panels():
        assert len({t["refId"] for t in p["targets"]}) == len(p["targets"]), p["title"]
        assert p["datasource"]["uid"] == "${datasource}" and p["fieldConfig"]["defaults"]["unit"], p["title"]


def main():
    directory = tempfile.mkdtemp(prefix="riverd-dashboards.")
    passed = failed = 0
    world = World(directory)
    try:
        for function in TESTS:
            try:
                function(world)
                passed += 1
                print("ok  ", function.__name__)
            except Exception:  # every failure is reported
                failed += 1
                print("FAIL", function.__name__)
                traceback.print_exc(file=sys.stdout)
    finally:
        world.stop()
        shutil.rmtree(directory, ignore_errors=True)
    print(f"{passed} passed, {failed} failed")
    return failed != 0


if __name__ == "__main__":
    sys.exit(main())
