"""The image, run as a careful operator would: read-only, without capabilities, on a real Kafka.

    test/service/private python3 test/container/container_test.py [NAME ...]

Needs root, podman and crun, the image that test/container/build makes, kcat and Python's standard
library. Last line: N passed, N failed.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path.insert(0, str(ROOT / "test" / "integration"))
import live  # noqa: E402
from behaviour_case import Case, World  # noqa: E402
from live import wait_for  # noqa: E402

IMAGE = "localhost/riverd:test"
STRICT = ["--read-only", "--read-only-tmpfs=false", "--cap-drop", "all", "--security-opt", "no-new-privileges",
          "--health-interval", "disable"]
TESTS = []


def test(function):
    TESTS.append(function)
    return function


def podman(*words, check=True):
    script = f'. {HERE}/containers.sh; exec podman "${{store[@]}}" "$@"'
    done = subprocess.run(["bash", "-c", script, "-", *map(str, words)], capture_output=True, text=True, timeout=120, check=False)
    assert not check or done.returncode == 0, f"podman {words}: {done.returncode}\n{done.stdout}{done.stderr}"
    return done


class Container(Case):
    """One test's topics, a volume, and containers of one name, one after the other."""

    def __init__(self, world, name):
        super().__init__(world, name)
        self.box = "riverd-" + name.replace("_", "-")[:40]
        self.port = live.free_port()

    def values(self, **changes):
        """Settings for this test; the state is where the image has it."""
        out = {k: v for k, v in self.settings().items() if k not in ("state.path", "http.listen")}
        out.update({key.replace("__", "."): value for key, value in changes.items()})
        return out

    @staticmethod
    def environment(values):
        """As -e options."""
        out = []
        for key, value in values.items():
            out += ["-e", "RIVERD_" + key.replace("_", "__").replace(".", "_").upper() + f"={value}"]
        return out

    def start(self, *options, command=()):
        podman("run", "-d", "--name", self.box, "--network", "host", "-v", f"{self.box}:/var/lib/riverd",
               "-e", f"RIVERD_HTTP_LISTEN=127.0.0.1:{self.port}", "-e", f"RIVERD_HTTP_URL=http://127.0.0.1:{self.port}",
               *STRICT, *options, IMAGE, *command)
        return self

    def inspect(self, what):
        return podman("inspect", "-f", "{{" + what + "}}", self.box).stdout.strip()

    def log(self):
        done = podman("logs", self.box, check=False)
        return done.stdout + done.stderr

    def pid(self):
        return int(self.inspect(".State.Pid"))

    def healthy(self, timeout=60):
        def look():
            assert self.inspect(".State.Running") == "true", self.log()[-2000:]
            return podman("healthcheck", "run", self.box, check=False).returncode == 0

        wait_for("the health check", look, timeout, 0.3)
        return self

    def stop(self):
        podman("stop", "-t", "30", self.box)
        return int(self.inspect(".State.ExitCode"))

    def remove(self):
        podman("rm", "-f", "-t", "5", self.box, check=False)

    def close(self):
        self.remove()
        podman("volume", "rm", "-f", self.box, check=False)
        super().close()


@test
def the_image_says_how_it_is_to_be_run(t):
    image = json.loads(podman("image", "inspect", IMAGE).stdout)[0]
    config = image["Config"]
    assert config["User"] == "10001:10001", config["User"]
    assert config["StopSignal"] in ("SIGTERM", "15"), config["StopSignal"]
    assert (config["Entrypoint"], config["Cmd"]) == (["riverd"], ["run"]), config
    assert list(config["Volumes"]) == ["/var/lib/riverd"] and "8080/tcp" in config["ExposedPorts"], config
    check = image.get("HealthCheck") or image.get("Healthcheck") or config.get("Healthcheck")
    assert check["Test"] == ["CMD", "riverd", "health"], check
    assert config["Labels"]["org.opencontainers.image.licenses"] == "Apache-2.0"
    size = image["Size"] >> 20
    print(f"     size {size} MiB", flush=True)
    assert size < 200, f"{size} MiB"


@test
def it_holds_no_compiler_and_no_sources(t):
    listed = podman("run", "--rm", "--network", "none", "--entrypoint", "sh", *STRICT, IMAGE, "-c",
                    "ls -d /src /usr/bin/gcc /usr/bin/make /usr/include/librdkafka /var/cache/apt/* 2>/dev/null; id -u; riverd --version")
    lines = listed.stdout.splitlines()
    assert lines[0] == "10001" and lines[1].startswith("riverd "), lines


@test
def its_program_is_hardened(t):
    podman("create", "--name", t.box, IMAGE)
    program = t.directory / "riverd"
    podman("cp", f"{t.box}:/usr/bin/riverd", program)
    done = subprocess.run([ROOT / "test" / "packaging" / "hardening", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


@test
def without_a_configuration_it_says_what_is_missing_and_exits_78(t):
    done = podman("run", "--rm", "--network", "none", *STRICT, IMAGE, check=False)
    assert done.returncode == 78, done
    assert "kafka.bootstrap.servers" in done.stderr and "schema.registry.url" in done.stderr, done.stderr
    done = podman("run", "--rm", "--network", "none", "-e", "RIVERD_WINDWO=5s", *STRICT, IMAGE, check=False)
    assert done.returncode == 78 and "RIVERD_WINDOW" in done.stderr, done.stderr


@test
def configured_by_environment_it_works_read_only_and_as_nobody(t):
    t.create()
    t.start(*t.environment(t.values())).healthy()
    t.dimensions()
    t.click("boxed")
    t.expect("boxed")
    status = dict(line.split(":\t", 1) for line in Path(f"/proc/{t.pid()}/status").read_text().splitlines() if ":\t" in line)
    assert status["Uid"].split() == ["10001"] * 4 and int(status["CapBnd"], 16) == 0, status
    assert (status["NoNewPrivs"], status["Seccomp"]) == ("1", "2"), status
    outside = podman("exec", t.box, "sh", "-c", "touch /tmp/x /etc/x /usr/x /run/x; stat -c '%a %u' /var/lib/riverd/state.db", check=False)
    assert outside.stdout == "600 10001\n" and outside.stderr.count("Read-only file system") == 4, outside
    assert t.inspect(".State.Health.Status") == "healthy" or t.inspect(".State.Healthcheck.Status") == "healthy"


@test
def configured_by_file_with_a_secret_beside(t):
    secret = "registry-canary-9c1e"
    t.create()
    conf, key = t.directory / "riverd.conf", t.directory / "registry"
    values = t.values(schema__registry__basic__auth__user__info="${file:/run/secrets/registry}", allow_plaintext_credentials="true")
    conf.write_text("".join(f"{k} = {v}\n" for k, v in values.items()))
    key.write_text(f"user:{secret}\n")
    key.chmod(0o400)
    os.chown(key, 10001, 10001)
    # The mount makes its own place: the root is read-only.
    t.start("-v", f"{conf}:/etc/riverd/riverd.conf:ro", "-v", f"{key}:/run/secrets/registry:ro").healthy()
    t.dimensions()
    t.click("filed")
    t.expect("filed")
    told = t.log() + podman("inspect", t.box).stdout + podman("exec", t.box, "riverd", "--print-config").stdout
    assert "user.info = ********" in told and secret not in told


@test
def stopped_it_drains_and_a_new_container_goes_on_from_the_volume(t):
    t.create()
    options = t.environment(t.values())
    t.start(*options).healthy()
    t.dimensions()
    live.produce_lines(t.brokers, t.topic("clicks"), [t.click_of(f"v{i}") for i in range(50)])
    assert t.stop() == 0, t.log()
    assert "finishing what was taken" in t.log() and "stopped (exit 0)" in t.log(), t.log()
    t.remove()
    t.start(*options).healthy()
    t.expect(*(f"v{i}" for i in range(50)), timeout=60)


@test
def killed_it_is_restarted_and_loses_nothing(t):
    t.create()
    t.start("--restart", "on-failure", *t.environment(t.values())).healthy()
    t.dimensions()
    live.produce_lines(t.brokers, t.topic("clicks"), [t.click_of(f"k{i}") for i in range(50)])
    first = t.pid()
    os.kill(first, signal.SIGKILL)
    wait_for("another process", lambda: t.pid() not in (0, first), 20)
    t.healthy()
    t.expect(*(f"k{i}" for i in range(50)), timeout=60)
    assert t.inspect(".RestartCount") == "1"


@test
def a_signal_reloads_it(t):
    t.create()
    conf = t.directory / "riverd.conf"
    lines = "".join(f"{k} = {v}\n" for k, v in t.values().items())
    conf.write_text(lines)
    t.start("-v", f"{conf}:/etc/riverd/riverd.conf:ro").healthy()
    with open(conf, "w", encoding="utf-8") as file:  # in place: the mount is of this file
        file.write(lines + "log.level = debug\n")
    podman("kill", "-s", "HUP", t.box)
    wait_for("log.level is in force", lambda: "log.level" in t.log() and "is in force now" in t.log(), 10)


@test
def without_kafka_it_lives_but_is_not_healthy(t):
    t.start(*t.environment(t.values(kafka__bootstrap__servers=f"127.0.0.1:{live.free_port()}")))
    wait_for("/livez", lambda: live.http(f"http://127.0.0.1:{t.port}/livez")[0] == 200, 20)
    time.sleep(2)
    done = podman("healthcheck", "run", t.box, check=False)
    assert done.returncode == 1, done
    assert t.inspect(".State.Running") == "true"


@test
def its_page_is_reached_through_a_published_port(t):
    values = t.values(kafka__bootstrap__servers="127.0.0.1:9", schema__registry__url="http://127.0.0.1:9")
    podman("run", "-d", "--name", t.box, "-p", f"127.0.0.1:{t.port}:8080", *STRICT, "-v", f"{t.box}:/var/lib/riverd",
           *t.environment(values), IMAGE)
    wait_for("/livez", lambda: live.http(f"http://127.0.0.1:{t.port}/livez")[0] == 200, 20)
    status, page = live.http(f"http://127.0.0.1:{t.port}/")
    assert status == 200 and "<html" in page.lower()


def run(world, function):
    start = time.monotonic()
    case = Container(world, function.__name__[:60])
    trouble = None
    try:
        function(case)
    except Exception:  # pylint: disable=broad-except
        trouble = traceback.format_exc().strip() + "\n" + case.log()[-3000:]
    case.close()
    print(f"{'ok  ' if trouble is None else 'FAIL'} {function.__name__.replace('_', ' ')} ({time.monotonic() - start:.1f} s)", flush=True)
    if trouble is not None:
        print("     " + trouble.replace("\n", "\n     "), flush=True)
    return trouble is None


def main():
    chosen = [f for f in TESTS if len(sys.argv) == 1 or any(n in f.__name__ for n in sys.argv[1:])]
    directory = tempfile.mkdtemp(prefix="riverd-container.")
    os.environ["BEHAVIOUR_SCRATCH"] = directory
    world = World(directory)
    try:
        good = [run(world, f) for f in chosen]
    finally:
        world.stop()
        shutil.rmtree(directory, ignore_errors=True)
    print(f"{sum(good)} passed, {len(good) - sum(good)} failed")
    return 0 if all(good) else 1


if __name__ == "__main__":
    sys.exit(main())
