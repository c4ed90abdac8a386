"""Kafka behind TLS and a password."""

import re
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "integration"))
import live  # noqa: E402
from live import wait_for  # noqa: E402
from place import PASSWORD  # noqa: E402

TESTS = []


def test(function):
    TESTS.append(function)
    return function


def end_to_end(t, **door):
    t.inputs()
    url, front = t.registry_over_tls(t.place.good)
    daemon = t.riverd("one", t.door(**door), {"schema.registry.url": url, "schema.registry.ssl.ca.location": t.place.good.ca})
    code, text = t.check(daemon, "--online")
    assert code == 0 and "cluster" in text, text
    daemon.start().ready()
    target = t.target("one")
    assert target["CUSTOMER_EMAIL"] == "lone@example.org" and target["REVIEW_SUMMARY"], target
    assert front.requests, "the registry was asked through TLS"
    code, _ = daemon.stop()
    assert code == 0, daemon.log()


@test
def everything_runs_over_tls_with_plain(t):
    end_to_end(t, name="SECURE", mechanism="PLAIN", ca=t.place.good.ca)


def librdkafka():
    text = subprocess.run([live.RIVERD, "--version"], capture_output=True, text=True, check=True).stdout
    return tuple(int(n) for n in re.search(r"librdkafka (\d+)\.(\d+)\.(\d+)", text).groups())


@test
def everything_runs_over_tls_with_scram_or_we_are_told_why_not(t):
    """Before 2.6.1, librdkafka's SCRAM is refused by Kafka 4: then the configuration check says so."""
    door = {"name": "SECURE", "mechanism": "SCRAM-SHA-512", "ca": t.place.good.ca}
    if librdkafka() >= (2, 6, 1):
        end_to_end(t, **door)
        return
    print(f"     librdkafka {'.'.join(map(str, librdkafka()))}: no SCRAM with this broker")
    daemon = t.riverd("one", t.door(**door))
    code, text = t.check(daemon)
    assert code == 0 and "librdkafka 2.6.1 or later" in text, (code, text)
    refused(t, "(?i)authentication failed", t.door(**door), "kafka.sasl.password")


@test
def everything_runs_over_tls_with_a_certificate_of_our_own(t):
    ours = t.place.good.issue("DNS:riverd", usage="clientAuth")
    t.inputs()
    daemon = t.riverd("one", t.door("MUTUAL", ca=t.place.good.ca), {"kafka.ssl.certificate.location": ours,
                                                                    "kafka.ssl.key.location": ours})
    daemon.start().ready()
    assert t.target("one")["HOTEL_NAME"] == "Hotel 1"
    assert daemon.stop()[0] == 0


def refused(t, pattern, door, advice):
    """Not ready, says why at a sane rate, and lives on; `check --online` says what to do."""
    daemon = t.riverd("refused", door)
    code, text = t.check(daemon, "--online")
    assert code != 0 and advice in text and PASSWORD not in text, (code, text)
    daemon.start()
    daemon.says(pattern)
    wait_for("/livez", lambda: daemon.get("/livez")[0] == 200)
    assert daemon.get("/readyz")[0] == 503
    assert len(daemon.log().splitlines()) < 40, f"chatty:\n{daemon.log()}"
    code, seconds = daemon.stop()
    assert code == 0 and seconds < 8, (code, seconds)


@test
def a_broker_of_an_authority_that_is_not_ours_is_refused(t):
    refused(t, "certificate verify failed", t.door("SECURE", ca=t.place.other.ca), "kafka.ssl.ca.location")


@test
def a_broker_is_not_trusted_without_being_told_to(t):
    refused(t, "certificate verify failed", t.door("SECURE"), "kafka.ssl.ca.location")


@test
def a_broker_with_the_certificate_of_another_host_is_refused(t):
    door = t.door("FOREIGN", ca=t.place.good.ca)
    refused(t, "certificate verify failed", door, "certificate is for the host name")
    blind = t.riverd("blind", door, {"kafka.ssl.endpoint.identification.algorithm": "none"})
    code, text = t.check(blind, "--online")
    assert "cluster" in text, f"nothing else was wrong with it: {code} {text}"


@test
def a_wrong_password_is_refused(t):
    refused(t, "(?i)authentication failed", t.door("SECURE", password="wrong-canary", ca=t.place.good.ca), "kafka.sasl.password")


@test
def a_wrong_password_for_scram_is_refused(t):
    door = t.door("SECURE", mechanism="SCRAM-SHA-512", password="wrong-canary", ca=t.place.good.ca)
    refused(t, "(?i)authentication failed", door, "kafka.sasl.password")


@test
def a_broker_that_wants_a_certificate_refuses_us_without(t):
    refused(t, "(?i)ssl|certificate required", t.door("MUTUAL", ca=t.place.good.ca), "check kafka.")


@test
def plain_text_to_a_door_with_tls_is_refused(t):
    door = {**t.door("SECURE", ca=t.place.good.ca), "kafka.security.protocol": "PLAINTEXT", "kafka.sasl.username": None,
            "kafka.sasl.password": None}
    refused(t, "(?i)disconnected|unreachable|ssl|broker", door, "check kafka.")


def in_the_clear(t, door, **more):
    """Exit 78 and a sentence that names the way out, before anything is sent; with the setting it is let through."""
    daemon = t.riverd("one", door, more)
    daemon.start()
    assert daemon.process.wait(20) == 78, daemon.log()
    assert "in the clear" in daemon.log() and "allow_plaintext_credentials" in daemon.log(), daemon.log()
    assert "wrong-canary" not in daemon.log()
    daemon.write(allow_plaintext_credentials="true")
    code, text = t.check(daemon)
    assert code == 0, text


@test
def a_password_does_not_leave_in_the_clear(t):
    door = {**t.door("CLEAR"), "kafka.bootstrap.servers": "broker.example:9092"}
    in_the_clear(t, door)


@test
def a_name_that_only_looks_like_this_machine_is_another_machine(t):
    door = {**t.door("CLEAR"), "kafka.bootstrap.servers": "127.0.0.1:9092,127.evil.example:9092"}
    in_the_clear(t, door)


@test
def a_password_of_the_producer_alone_does_not_leave_in_the_clear_either(t):
    in_the_clear(t, {"kafka.bootstrap.servers": "broker.example:9092", "kafka.producer.security.protocol": "SASL_PLAINTEXT",
                     "kafka.producer.sasl.mechanism": "PLAIN", "kafka.producer.sasl.username": "u",
                     "kafka.producer.sasl.password": "wrong-canary"})


@test
def a_token_does_not_leave_in_the_clear(t):
    in_the_clear(t, {"kafka.bootstrap.servers": "broker.example:9092", "kafka.security.protocol": "SASL_PLAINTEXT",
                     "kafka.sasl.mechanisms": "OAUTHBEARER", "kafka.enable.sasl.oauthbearer.unsecure.jwt": "true",
                     "kafka.sasl.oauthbearer.config": "principal=wrong-canary"})


@test
def on_this_machine_a_password_needs_no_tls(t):
    t.inputs()
    daemon = t.riverd("one", t.door("CLEAR")).start().ready()
    assert t.target("one")["HOTEL_NAME"] == "Hotel 1"
    assert daemon.stop()[0] == 0


@test
def a_switched_off_verification_is_warned_of(t):
    for key, value in (("kafka.enable.ssl.certificate.verification", "false"),
                       ("kafka.ssl.endpoint.identification.algorithm", "none")):
        daemon = t.riverd(key, t.door("SECURE", ca=t.place.good.ca), {key: value})
        code, text = t.check(daemon)
        assert code == 0 and key in text and "pretend" in text, (code, text)
