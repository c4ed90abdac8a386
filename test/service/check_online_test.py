"""`riverd check --online` against real servers: a broker without ACLs, one with SASL and ACLs, a
registry, and what it prints about each.

    check_online_test.py [NAME ...]

Needs Python's standard library, kcat and a built riverd. Last line: N passed, N failed.
"""

import os
import shutil
import struct
import subprocess
import sys
import tempfile
import traceback
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "test" / "integration"))
import live  # noqa: E402

TESTS = []
INPUTS = ["clickstream", "bookings", "hotel_reviews", "riverhotel.SAMPLE.HOTEL", "riverhotel.SAMPLE.CUSTOMER"]
OUTPUTS = ["TARGET_CUSTOMERS_WITH_REVIEW_SUMMARY", "HOTEL_BOOKINGS", "HOTEL_CATALOG", "riverd.dead-letter"]
TOPIC, GROUP, TRANSACTIONAL_ID = 2, 3, 5
READ, WRITE, CREATE, DESCRIBE = 3, 4, 5, 8
PASSWORDS = {"full": "full-canary", "reader": "reader-canary", "nobody": "nobody-canary"}


def test(function):
    TESTS.append(function)
    return function


class Site:
    """A broker with two doors: one for anybody, one with SASL for users with ACLs."""

    def __init__(self, directory):
        self.directory = Path(directory)
        self.port, self.sasl, controller = live.free_port(), live.free_port(), live.free_port()
        place = self.directory / "kafka"
        place.mkdir()
        (place / "kafka.env").write_text(f"PORT={self.port}\nCONTROLLER_PORT={controller}\n")
        users = " ".join(f'user_{name}="{password}"' for name, password in PASSWORDS.items())
        doors = f"PLAINTEXT://127.0.0.1:{self.port},SECURE://127.0.0.1:{self.sasl}"
        with ThreadPoolExecutor(2) as both:
            kafka = both.submit(
                live.Server, "kafka", place, f"listeners={doors},CONTROLLER://127.0.0.1:{controller}",
                f"advertised.listeners={doors},CONTROLLER://127.0.0.1:{controller}",
                "listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,SECURE:SASL_PLAINTEXT",
                "sasl.enabled.mechanisms=PLAIN",
                "listener.name.secure.plain.sasl.jaas.config="
                f"org.apache.kafka.common.security.plain.PlainLoginModule required {users};",
                "authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer", "super.users=User:ANONYMOUS")
            plain = both.submit(live.Server, "kafka", self.directory / "open")
            self.kafka, self.open = kafka.result(), plain.result()
        self.registry = live.Server("registry", self.directory / "registry")
        for server in (f"127.0.0.1:{self.port}", self.open.env["BOOTSTRAP"]):
            live.Admin(server).create(*INPUTS, *OUTPUTS, partitions=2)
        self.allow("full", (TOPIC, "*", READ), (TOPIC, "*", WRITE), (TOPIC, "*", CREATE), (GROUP, "riverd", READ),
                   (TRANSACTIONAL_ID, "riverd-0", WRITE))
        self.allow("reader", *((TOPIC, t, READ) for t in INPUTS), *((TOPIC, t, DESCRIBE) for t in OUTPUTS), (GROUP, "riverd", READ))

    def allow(self, user, *rights):
        """CreateAcls, version 1; "*" is every resource of the kind."""
        def text(s):
            return struct.pack(">h", len(s)) + s.encode()

        body = struct.pack(">i", len(rights))
        for kind, name, operation in rights:
            body += struct.pack(">b", kind) + text(name) + b"\3" + text(f"User:{user}") + text("*") + struct.pack(">bb", operation, 3)
        answer = live.Admin(f"127.0.0.1:{self.port}").call(30, 1, body)
        assert struct.unpack_from(">i", answer, 4)[0] == len(rights), answer
        at = 8
        for _ in rights:
            code, length = struct.unpack_from(">hh", answer, at)
            assert code == 0, f"error {code}"
            at += 4 + max(length, 0)

    def check(self, *more, user=None, password=None):
        """(exit code, rows)"""
        options = [f"kafka.bootstrap.servers={self.open.env['BOOTSTRAP']}", f"schema.registry.url={self.registry.env['URL']}",
                   f"state.path={self.directory}/state.db", f"http.listen=127.0.0.1:{live.free_port()}"]
        if user:
            options[0] = f"kafka.bootstrap.servers=127.0.0.1:{self.sasl}"
            options += ["kafka.security.protocol=SASL_PLAINTEXT", "kafka.sasl.mechanism=PLAIN", f"kafka.sasl.username={user}",
                        f"kafka.sasl.password={password or PASSWORDS[user]}"]
        words = [word for option in (*options, *more) for word in ("-o", option)]
        done = subprocess.run([live.RIVERD, "check", "--online", *words], check=False, capture_output=True, text=True, timeout=120,
                              env={k: v for k, v in os.environ.items() if not k.startswith("RIVERD_")})
        assert not any(secret in done.stdout + done.stderr for secret in PASSWORDS.values()), done.stdout
        return done.returncode, done.stdout

    def sizes(self, server):
        """Records in the output topics: a check may add none."""
        return sum(len(live.consume(server, topic)) for topic in OUTPUTS)

    def stop(self):
        for server in (self.registry, self.kafka, self.open):
            server.stop()


def has(text, *parts):
    """Some line has all of these, in order."""
    for line in text.splitlines():
        at = 0
        for part in parts:
            at = line.find(part, at)
            if at < 0:
                break
            at += len(part)
        else:
            return
    raise AssertionError(f"no line with {parts} in:\n{text}")


@test
def a_broker_without_acls_is_fine_and_nothing_is_written(s):
    code, out = s.check()
    assert code == 0, out
    has(out, "ok ", "kafka 127.0.0.1", "cluster ")
    for topic in INPUTS:
        has(out, "ok ", f"read {topic}", "2 partitions")
    for topic in OUTPUTS:
        has(out, "ok ", f"write {topic}", "2 partitions, may be written to")
    has(out, "ok ", "group riverd", "may be used")
    has(out, "ok ", "TARGET_CUSTOMERS_WITH_REVIEW_SUMMARY-value", "is registered at the start")
    has(out, "ok ", "everything that riverd needs is there")
    assert s.sizes(s.open.env["BOOTSTRAP"]) == 0


@test
def a_user_with_all_rights_is_fine(s):
    code, out = s.check(user="full")
    assert code in (0, 78) and "FAIL" not in out.replace("allow_plaintext_credentials", ""), out
    for topic in OUTPUTS:
        has(out, "ok ", f"write {topic}", "may be written to")
    assert s.sizes(f"127.0.0.1:{s.port}") == 0


@test
def a_user_who_may_only_read_is_told_what_to_grant(s):
    code, out = s.check(user="reader")
    assert code == 78, out
    for topic in INPUTS:
        has(out, "ok ", f"read {topic}", "2 partitions")
    for topic in OUTPUTS:
        has(out, "FAIL", f"write {topic}", "grant this user WRITE on the topic", "riverd-0")


@test
def a_user_without_rights_sees_no_topic_and_is_told_so(s):
    code, out = s.check("output.summary.topic=NOT_THERE_YET", user="nobody")
    assert code == 78, out
    has(out, "FAIL", "read clickstream", "grant this user READ and DESCRIBE on the topic")
    has(out, "FAIL", "write NOT_THERE_YET", "grant this user")


@test
def a_wrong_password_is_named(s):
    code, out = s.check(user="full", password="wrong")
    assert code in (69, 78), out
    has(out, "FAIL", "kafka 127.0.0.1", "check kafka.sasl.username and kafka.sasl.password")


@test
def the_wrong_protocol_is_hinted_at(s):
    code, out = s.check(f"kafka.bootstrap.servers=127.0.0.1:{s.sasl}", "kafka.security.protocol=PLAINTEXT")
    assert code in (69, 78), out
    has(out, "FAIL", "kafka 127.0.0.1", "kafka.security.protocol")


@test
def a_topic_that_is_not_there_would_be_created_or_is_asked_for(s):
    code, out = s.check("output.summary.topic=NEW_TARGETS", "topics.partitions=3")
    assert code == 0, out
    has(out, "ok ", "write NEW_TARGETS", "is created at the start")
    code, out = s.check("output.summary.topic=NEW_TARGETS", "topics.replication=3")
    assert code != 0, out
    has(out, "FAIL", "write NEW_TARGETS", "eplication")
    code, out = s.check("output.summary.topic=NEW_TARGETS", "topics.create=false", "input.reviews.topic=no_reviews")
    assert code == 78, out
    has(out, "FAIL", "write NEW_TARGETS", "create it, or set topics.create")
    has(out, "warn", "read no_reviews", "it is read when it appears")


@test
def servers_that_are_away_are_out_of_reach_not_wrong(s):
    away = f"127.0.0.1:{live.free_port()}"
    code, out = s.check(f"kafka.bootstrap.servers={away}", f"schema.registry.url=http://{away}", "summary.provider=openai",
                        f"summary.url=http://{away}/v1", "summary.model=m")
    assert code == 69, out
    for what in (f"kafka {away}", f"registry http://{away}", "model m"):
        has(out, "FAIL", what)


@test
def a_model_that_answers_is_timed(s):
    port = live.free_port()
    model = live.Model(port)
    code, out = s.check("summary.provider=openai", f"summary.url=http://127.0.0.1:{port}/v1", "summary.model=m")
    model.stop()
    assert code == 0, out
    has(out, "ok ", "model m", "HTTP 200 after ")


def main():
    chosen = [f for f in TESTS if len(sys.argv) == 1 or any(n in f.__name__ for n in sys.argv[1:])]
    directory = tempfile.mkdtemp(prefix="riverd-check.")
    os.environ["BEHAVIOUR_SCRATCH"] = directory
    site, good = Site(directory), 0
    try:
        for function in chosen:
            try:
                function(site)
                good += 1
                print(f"ok   {function.__name__.replace('_', ' ')}", flush=True)
            except Exception:  # pylint: disable=broad-except
                print(f"FAIL {function.__name__.replace('_', ' ')}\n{traceback.format_exc()}", flush=True)
    finally:
        site.stop()
        shutil.rmtree(directory, ignore_errors=True)
    print(f"{good} passed, {len(chosen) - good} failed")
    return 0 if good == len(chosen) else 1


if __name__ == "__main__":
    sys.exit(main())
