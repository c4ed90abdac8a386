"""The registry and the model over https."""

from certificates import self_signed
from place import PASSWORD
from tls import Model

TESTS = []
KEY = "model-key-canary-4711"


def test(function):
    TESTS.append(function)
    return function


def asks(model, ca=None, host="127.0.0.1"):
    out = {"summary.provider": "openai", "summary.model": "m", "summary.api_key": KEY,
           "summary.url": f"https://{host}:{model.port}/v1", "summary.timeout": "3s"}
    if ca is not None:
        out["summary.ca.location"] = ca
    return out


@test
def a_model_of_a_known_authority_is_asked(t):
    t.inputs()
    model = t.keep(Model(t.place.good.issue("IP:127.0.0.1")))
    daemon = t.riverd("one", asks(model, t.place.good.ca)).start().ready()
    assert t.target("one")["REVIEW_SUMMARY"] == "Guests liked the quiet rooms most."
    assert len(model.asked) == 1 and f"Bearer {KEY}".encode() in b"".join(model.front.requests)
    assert KEY not in daemon.log() + daemon.get("/status")[1] + daemon.get("/metrics")[1]
    assert daemon.stop()[0] == 0


def model_refused(t, pem, ca):
    """No byte of the key or of a review reaches a stranger; the target waits and comes out when it is mended."""
    t.inputs()
    model = t.keep(Model(pem))
    daemon = t.riverd("one", asks(model, ca)).start()
    daemon.says("(?i)TLS|certificate", 60)
    code, text = t.check(daemon, "--online")
    assert code != 0 and "certificate" in text.lower(), (code, text)
    assert model.front.requests == [] and model.asked == [], "something was said to a stranger"
    assert model.front.met > 0 and daemon.get("/livez")[0] == 200
    assert KEY not in daemon.log() + text
    daemon.kill()


@test
def a_self_signed_model_is_refused(t):
    model_refused(t, self_signed(t.directory / "self.pem", "IP:127.0.0.1"), None)


@test
def a_model_of_an_authority_the_system_does_not_know_is_refused(t):
    model_refused(t, t.place.good.issue("IP:127.0.0.1"), None)


@test
def a_model_of_another_authority_is_refused(t):
    model_refused(t, t.place.other.issue("IP:127.0.0.1"), t.place.good.ca)


@test
def a_model_with_the_certificate_of_another_host_is_refused(t):
    model_refused(t, t.place.good.issue("DNS:other.example"), t.place.good.ca)


def registry_refused(t, authority, names, ca):
    t.inputs()
    url, front = t.registry_over_tls(authority, names)
    more = {"schema.registry.url": url, "schema.registry.basic.auth.user.info": f"u:{PASSWORD}"}
    if ca is not None:
        more["schema.registry.ssl.ca.location"] = ca
    daemon = t.riverd("one", more)
    code, text = t.check(daemon, "--online")
    assert code != 0 and "certificate" in text.lower() and PASSWORD not in text, (code, text)
    daemon.start()
    daemon.says("(?i)TLS|certificate")
    assert front.requests == [] and front.met > 0, "something was said to a stranger"
    daemon.kill()


@test
def a_registry_of_an_authority_the_system_does_not_know_is_refused(t):
    registry_refused(t, t.place.good, "IP:127.0.0.1", None)


@test
def a_registry_of_another_authority_is_refused(t):
    registry_refused(t, t.place.other, "IP:127.0.0.1", t.place.good.ca)


@test
def a_registry_with_the_certificate_of_another_host_is_refused(t):
    registry_refused(t, t.place.good, "DNS:other.example", t.place.good.ca)


@test
def credentials_of_registry_and_model_do_not_leave_in_the_clear(t):
    clear = [{"schema.registry.url": "http://registry.example", "schema.registry.basic.auth.user.info": f"u:{PASSWORD}"},
             {"schema.registry.url": f"http://u:{PASSWORD}@registry.example"},
             {"schema.registry.url": "http://registry.example", "schema.registry.bearer.auth.token": PASSWORD},
             {"schema.registry.url": "http://registry.example", "schema.registry.request.header.Authorization": PASSWORD},
             {"schema.registry.url": "http://127.evil.example", "schema.registry.bearer.auth.token": PASSWORD},
             {"schema.registry.url": f"https://registry.example,http://u:{PASSWORD}@registry.example"}]
    clear.append({"proxy.url": f"http://u:{PASSWORD}@proxy.example:3128"})
    model = {"summary.provider": "openai", "summary.model": "m", "summary.url": "http://model.example/v1"}
    clear += [{**model, "summary.api_key": PASSWORD}, {**model, "summary.header.api-key": PASSWORD},
              {**model, "summary.url": f"http://u:{PASSWORD}@model.example/v1"},
              {**model, "summary.url": "http://127.evil.example/v1", "summary.api_key": PASSWORD}]
    for number, more in enumerate(clear):
        daemon = t.riverd(f"n{number}", more)
        code, text = t.check(daemon)
        assert code == 78 and "in the clear" in text and "allow_plaintext_credentials" in text, (more, code, text)
        assert PASSWORD not in text, text
        daemon.write(allow_plaintext_credentials="true")
        code, text = t.check(daemon)
        assert code == 0, (more, text)
