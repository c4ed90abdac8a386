"""The servers of the security tests: one broker with several doors, a registry, and certificates."""

import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "test" / "integration"))
import live  # noqa: E402
from certificates import Authority  # noqa: E402
from tls import Terminator  # noqa: E402

USER, PASSWORD = "riverd", "password-canary-4711"
INPUTS = {"clickstream": "clicks", "bookings": "bookings", "reviews": "reviews", "hotel": "hotels", "customer": "customers"}
OUTPUTS = {"summary": "targets", "bookings": "booked", "catalog": "catalog"}
# Each door of the broker: its protocol and what its certificate is for.
DOORS = {"SECURE": ("SASL_SSL", "IP:127.0.0.1"), "FOREIGN": ("SASL_SSL", "DNS:other.example"), "MUTUAL": ("SSL", "IP:127.0.0.1"),
         "CLEAR": ("SASL_PLAINTEXT", None)}


class Place:
    def __init__(self, directory):
        self.directory = Path(directory)
        self.good, self.other = Authority(self.directory / "good", "good"), Authority(self.directory / "other", "other")
        self.ports = {name: live.free_port() for name in ("PLAINTEXT", "CONTROLLER", *DOORS)}
        with ThreadPoolExecutor(2) as both:
            kafka, registry = both.submit(self.broker), both.submit(live.Server, "registry", self.directory / "registry")
            self.kafka, self.registry = kafka.result(), registry.result()
        self.brokers, self.plain_registry = f"127.0.0.1:{self.ports['PLAINTEXT']}", self.registry.env["URL"]
        address, path = self.plain_registry.split("://")[1].split("/", 1)
        self.registry_path, self.registry_at = "/" + path, ("127.0.0.1", int(address.split(":")[1]))
        self.scram_user()

    def broker(self):
        place = self.directory / "kafka"
        place.mkdir()
        (place / "kafka.env").write_text(f"PORT={self.ports['PLAINTEXT']}\nCONTROLLER_PORT={self.ports['CONTROLLER']}\n")
        doors = ",".join(f"{name}://127.0.0.1:{self.ports[name]}" for name in ("PLAINTEXT", *DOORS))
        kinds = ",".join(f"{name}:{kind}" for name, (kind, _) in DOORS.items())
        options = [f"listeners={doors},CONTROLLER://127.0.0.1:{self.ports['CONTROLLER']}",
                   f"advertised.listeners={doors},CONTROLLER://127.0.0.1:{self.ports['CONTROLLER']}",
                   f"listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,{kinds}",
                   "sasl.enabled.mechanisms=PLAIN,SCRAM-SHA-512"]
        for name, (kind, names) in DOORS.items():
            prefix = f"listener.name.{name.lower()}."
            if kind.startswith("SASL"):
                options += [f"{prefix}plain.sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required "
                            f'user_{USER}="{PASSWORD}";',
                            f"{prefix}scram-sha-512.sasl.jaas.config="
                            "org.apache.kafka.common.security.scram.ScramLoginModule required;"]
            if names:
                options += [f"{prefix}ssl.keystore.type=PEM", f"{prefix}ssl.keystore.location={self.good.issue(names)}"]
        options += ["listener.name.mutual.ssl.client.auth=required", "listener.name.mutual.ssl.truststore.type=PEM",
                    f"listener.name.mutual.ssl.truststore.location={self.good.ca}"]
        return live.Server("kafka", place, *options)

    def scram_user(self):
        """By Kafka's own tool, through the door without a lock."""
        script = live.SERVERS / "kafka"
        classpath, java = (subprocess.run([script, word], check=True, capture_output=True, text=True).stdout.strip()
                           for word in ("classpath", "java"))
        done = subprocess.run([java, "-Xmx256m", "-Dlog4j2.statusLoggerLevel=OFF", "-cp", classpath, "kafka.admin.ConfigCommand",
                               "--bootstrap-server", self.brokers, "--alter", "--entity-type", "users", "--entity-name", USER,
                               "--add-config", f"SCRAM-SHA-512=[iterations=4096,password={PASSWORD}]"],
                              capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr

    def stop(self):
        self.registry.stop()
        self.kafka.stop()


class Case:
    """One test's topics, daemons and servers of its own."""

    def __init__(self, place, name):
        self.place, self.name, self.closing = place, name, []
        self.directory = place.directory / name
        self.directory.mkdir()

    def topic(self, short):
        return f"{self.name[:60]}.{short}"

    def close(self):
        for thing in self.closing:
            thing()

    def keep(self, thing):
        self.closing.append(thing.stop)
        return thing

    def door(self, name, mechanism="PLAIN", password=PASSWORD, ca=None):
        """Settings for one door of the broker; ca None: the system's authorities."""
        kind = DOORS[name][0]
        out = {"kafka.bootstrap.servers": f"127.0.0.1:{self.place.ports[name]}", "kafka.security.protocol": kind}
        if kind.startswith("SASL"):
            out.update({"kafka.sasl.mechanism": mechanism, "kafka.sasl.username": USER, "kafka.sasl.password": password})
        if ca is not None:
            out["kafka.ssl.ca.location"] = ca
        return out

    def registry_over_tls(self, authority, names="IP:127.0.0.1"):
        """(URL, the server in front)"""
        front = self.keep(Terminator(authority.issue(names), self.place.registry_at))
        return f"https://127.0.0.1:{front.port}{self.place.registry_path}", front

    def settings(self, name, more):
        out = {"kafka.bootstrap.servers": self.place.brokers, "schema.registry.url": self.place.plain_registry,
               "group.id": f"{self.name}-{name}", "http.listen": f"127.0.0.1:{live.free_port()}",
               "state.path": self.directory / name / "state.db", "dead_letter.topic": self.topic(f"{name}.dead"),
               "window": "5s", "out_of_orderness": "0s", "idle_timeout": "1s", "checkpoint.interval": "100ms",
               "topics.partitions": 1, "drain.timeout": "3s"}
        out.update({f"input.{i}.topic": self.topic(short) for i, short in INPUTS.items()})
        out.update({f"output.{o}.topic": self.topic(f"{name}.{short}") for o, short in OUTPUTS.items()})
        out.update(more)
        return out

    def riverd(self, name, *more):
        """Not started yet."""
        settings = {}
        for part in more:
            settings.update(part)
        daemon = live.Riverd(self.directory / name, self.settings(name, settings))
        self.closing.append(daemon.kill)
        return daemon

    def check(self, daemon, *words):
        """`riverd check` with this daemon's configuration: (exit code, everything it printed)."""
        done = subprocess.run(["timeout", "-k", "5", "60", live.RIVERD, "check", *words, "-c", daemon.conf], capture_output=True,
                              text=True, check=False)
        return done.returncode, done.stdout + done.stderr

    def inputs(self, who="lone"):
        """A hotel, its review, and one click, through the door without a lock."""
        live.Admin(self.place.brokers).create(*(self.topic(s) for s in INPUTS.values()))
        self.put("hotels", {"HOTEL_ID": "H1", "NAME": "Hotel 1", "CITY": "Ulm", "COUNTRY": "DE", "AMENITIES": "pool",
                            "DESCRIPTION": "by the river"}, key="H1")
        self.put("reviews", {"REVIEW_ID": "R1", "HOTEL_ID": "H1", "REVIEW_TEXT": "Quiet rooms and a good breakfast.",
                             "REVIEW_RATING": 5, "CREATED_AT": live.now_ms() - 3600000})
        self.put("clicks", {"CUSTOMER_EMAIL": f"{who}@example.org", "HOTEL_ID": "H1", "ACTION": "booking-click"})

    def put(self, short, value, key=None):
        live.produce(self.place.brokers, self.topic(short), json.dumps(value).encode(), key)

    def target(self, name):
        """The one target that `name` wrote."""
        def look():
            return live.consume(self.place.brokers, self.topic(f"{name}.targets"))

        records = live.wait_for("a target", look, 40, 0.3)
        assert len(records) == 1, records
        return live.decode(records[0], "TARGET_CUSTOMERS_WITH_REVIEW_SUMMARY")
