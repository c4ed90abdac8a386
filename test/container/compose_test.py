"""compose.yaml, as far as it can be tried without its images: the file is valid, and what it says to
Kafka, registry, riverd and the generator is said to the real ones of scripts/servers, with the hosts
of the services on loopback.

    test/service/private python3 test/container/compose_test.py

Needs docker-compose (for its check of the file), kcat and Python with PyYAML, which comes with it.
Last line: N passed, N failed.
"""

import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import traceback
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "test" / "integration"))
import live  # noqa: E402
from live import RIVERD, wait_for  # noqa: E402

TESTS = []
PROFILES = ["--profile", "events", "--profile", "model"]


def test(function):
    TESTS.append(function)
    return function


class Laptop:
    """The services of the file, and where they are here instead."""

    def __init__(self, directory):
        self.directory = Path(directory)
        done = subprocess.run(["docker-compose", "-f", ROOT / "compose.yaml", *PROFILES, "config"], check=True,
                              capture_output=True, text=True)
        self.services = yaml.safe_load(done.stdout)["services"]
        self.ports = {name: live.free_port() for name in ("INTERNAL", "HOST", "CONTROLLER", "registry", "riverd")}

    def here(self, text):
        """The same with this machine's addresses for those of the services."""
        p = self.ports
        for pattern, to in ((r"kafka:19092|(?<=INTERNAL://):19092", p["INTERNAL"]), (r"localhost:9092|(?<=HOST://):9092", p["HOST"]),
                            (r"kafka:9093|(?<=CONTROLLER://):9093", p["CONTROLLER"]), (r"registry:8080", p["registry"])):
            text = re.sub(pattern, f"127.0.0.1:{to}", text)
        return text

    def environment(self, service):
        return {k: self.here(str(v)) for k, v in self.services[service]["environment"].items()}


@test
def every_service_of_ours_is_locked_down(t):
    for name in ("riverd", "events"):
        s = t.services[name]
        assert s["read_only"] is True and s["cap_drop"] == ["ALL"] and s["security_opt"] == ["no-new-privileges:true"], s
    for s in t.services.values():
        for port in s.get("ports", []):
            assert str(port).startswith("127.0.0.1:"), port
        assert "build" in s or s["image"] == "riverd" or re.search(r":\d", s["image"]), s["image"]
    assert t.services["riverd"]["volumes"] == ["riverd:/var/lib/riverd:rw"]


@test
def riverd_accepts_its_environment(t):
    for more in ({}, {"RIVERD_SUMMARY_PROVIDER": "openai"}):
        done = subprocess.run([RIVERD, "check", "-o", "http.listen=127.0.0.1:8080"], check=False, capture_output=True,
                              text=True, env={**os.environ, **t.environment("riverd"), **more})
        assert done.returncode == 0, done.stdout


@test
def the_broker_starts_with_what_is_said_to_it(t):
    options = []
    for name, value in t.environment("kafka").items():
        assert name.startswith("KAFKA_"), name
        if name != "KAFKA_CONTROLLER_QUORUM_VOTERS":  # here it is formatted as --standalone, which goes without
            options.append(f"{name[6:].lower().replace('_', '.')}={value}")
    assert t.environment("kafka")["KAFKA_CONTROLLER_QUORUM_VOTERS"] == f"1@127.0.0.1:{t.ports['CONTROLLER']}"
    options.append(f"log.dirs={t.directory}/kafka/data")
    place = t.directory / "kafka"
    place.mkdir()
    (place / "kafka.env").write_text(f"PORT={t.ports['INTERNAL']}\nCONTROLLER_PORT={t.ports['CONTROLLER']}\n")
    t.kafka = live.Server("kafka", place, *options)
    for name in ("INTERNAL", "HOST"):
        said = subprocess.run(["kcat", "-L", "-b", f"127.0.0.1:{t.ports[name]}"], check=True, capture_output=True, text=True).stdout
        assert f"at 127.0.0.1:{t.ports[name]}" in said, said


@test
def the_registry_keeps_its_schemas_in_kafka(t):
    place = t.directory / "registry"
    place.mkdir()
    (place / "registry.env").write_text(f"PORT={t.ports['registry']}\n")
    os.environ.update(t.environment("registry"))
    t.registry = live.Server("registry", place)
    url = f"http://127.0.0.1:{t.ports['registry']}/apis/ccompat/v7"
    status, text = live.http(url + "/subjects/x/versions", b'{"schema": "\\"string\\""}')
    assert status == 200, text
    t.registry.stop()
    t.registry.start()
    wait_for("the schema is there after a restart", lambda: '"x"' in live.http(url + "/subjects")[1], 60)


@test
def events_go_in_and_targets_come_out(t):
    words = shlex.split(t.here(t.services["events"]["command"]))
    assert words[0] == "generate"
    env = {**os.environ, **t.environment("riverd"), "RIVERD_HTTP_LISTEN": f"127.0.0.1:{t.ports['riverd']}",
           "RIVERD_STATE_PATH": str(t.directory / "state.db"), "RIVERD_WINDOW": "5s"}
    with open(t.directory / "riverd.log", "w", encoding="utf-8") as log, \
            open(t.directory / "generate.log", "w", encoding="utf-8") as told:
        riverd = subprocess.Popen([RIVERD, "run"], env=env, stdout=log, stderr=log)
        events = subprocess.Popen([RIVERD, *words], stdout=told, stderr=told)
    try:
        wait_for("/readyz", lambda: live.http(f"http://127.0.0.1:{t.ports['riverd']}/readyz")[0] == 200, 60)
        assert events.poll() is None, (t.directory / "generate.log").read_text()
        wait_for("targets", lambda: len(live.consume(f"127.0.0.1:{t.ports['HOST']}", "TARGET_CUSTOMERS_WITH_REVIEW_SUMMARY")) > 5,
                 90, 1)
    except AssertionError as error:
        raise AssertionError((t.directory / "riverd.log").read_text()[-2000:]) from error
    finally:
        events.terminate()
        riverd.terminate()
        events.wait(30)
        assert riverd.wait(40) == 0


def main():
    directory = tempfile.mkdtemp(prefix="riverd-compose.")
    os.environ["BEHAVIOUR_SCRATCH"] = directory
    laptop, good = Laptop(directory), 0
    laptop.kafka = laptop.registry = None
    try:
        for function in TESTS:
            try:
                function(laptop)
                good += 1
                print(f"ok   {function.__name__.replace('_', ' ')}", flush=True)
            except Exception:  # pylint: disable=broad-except
                print(f"FAIL {function.__name__.replace('_', ' ')}\n{traceback.format_exc()}", flush=True)
    finally:
        for server in (laptop.registry, laptop.kafka):
            if server is not None:
                server.stop()
        shutil.rmtree(directory, ignore_errors=True)
    print(f"{good} passed, {len(TESTS) - good} failed")
    return 0 if good == len(TESTS) else 1


if __name__ == "__main__":
    sys.exit(main())
