"""Strangers at riverd's HTTP port: slow, many, malformed. Raw sockets; the daemon lives on."""

import re
import socket
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "integration"))
from live import wait_for  # noqa: E402

TESTS = []
LIMIT_MS = 10000  # of a request, lib/serve/http_server.h


def test(function):
    TESTS.append(function)
    return function


def started(t):
    t.inputs()
    return t.riverd("one").start().ready()


def dial(daemon):
    host, port = daemon.url.rsplit("/", 1)[1].split(":")
    s = socket.create_connection((host, int(port)), timeout=15)
    s.settimeout(15)
    return s


def talk(daemon, request, patience=15.0):
    """Everything that comes back until the other side closes; the status, 0 when it just closes."""
    with dial(daemon) as s:
        s.settimeout(patience)
        out = b""
        try:
            s.sendall(request)
            s.shutdown(socket.SHUT_WR)
            while data := s.recv(65536):
                out += data
        except OSError as error:  # cut in the middle is an answer, silence is not
            assert not isinstance(error, TimeoutError), f"no answer within {patience} s: {request[:80]}"
    head = re.match(rb"HTTP/1\.[01] (\d{3})", out)
    return (int(head.group(1)) if head else 0), out


def alive(daemon):
    """From this address as well, at once."""
    before = time.monotonic()
    status, _ = talk(daemon, b"GET /livez HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", 5)
    assert status == 200, status
    assert time.monotonic() - before < 3, "slow"
    assert daemon.process.poll() is None


@test
def a_slow_client_is_cut_and_disturbs_nobody(t):
    daemon = started(t)
    began = time.monotonic()
    with dial(daemon) as slow:
        slow.sendall(b"GET /livez HTTP/1.1\r\nHost: localhost\r\nX: ")
        slow.settimeout(0.2)
        while True:
            assert time.monotonic() - began < 2 * LIMIT_MS / 1000, "a byte now and then holds a connection for ever"
            try:
                slow.sendall(b"x")
                if slow.recv(1000) == b"":
                    break
            except socket.timeout:
                alive(daemon)
            except ConnectionError:
                break
    took = time.monotonic() - began
    assert LIMIT_MS / 1000 - 1 < took, f"cut after {took:.1f} s"
    print(f"     cut after {took:.1f} s")
    alive(daemon)


@test
def a_client_that_says_nothing_is_cut(t):
    daemon = started(t)
    began = time.monotonic()
    with dial(daemon) as silent:
        assert silent.recv(10) == b""
    assert time.monotonic() - began < 2 * LIMIT_MS / 1000
    alive(daemon)


@test
def one_address_gets_a_part_of_the_connections_and_they_come_back(t):
    daemon = started(t)
    crowd = []
    for _ in range(200):
        s = dial(daemon)
        s.sendall(b"GET /livez HTTP/1.1\r\n")
        crowd.append(s)

    def closed():
        count = 0
        for s in crowd:
            s.setblocking(False)
            try:
                count += s.recv(1) == b""
            except BlockingIOError:
                pass
            except ConnectionError:
                count += 1
        return count

    wait_for("all but 32 are closed", lambda: closed() >= 200 - 32, 5)
    assert closed() == 200 - 32, closed()
    assert daemon.process.poll() is None
    crowd.pop(next(i for i, s in enumerate(crowd) if still_open(s))).close()
    wait_for("/livez answers as soon as one has gone", lambda: daemon.get("/livez")[0] == 200, 5)
    for s in crowd:
        s.close()
    alive(daemon)


def still_open(s):
    try:
        return s.recv(1) != b""
    except BlockingIOError:
        return True
    except ConnectionError:
        return False


@test
def long_headers_are_refused(t):
    daemon = started(t)
    head = b"GET /livez HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
    assert talk(daemon, head + b"X: " + b"a" * 7000 + b"\r\n\r\n")[0] == 200
    for request in (head + b"X: " + b"a" * 9000 + b"\r\n\r\n", head + b"X: " + b"a" * 1000000 + b"\r\n\r\n",
                    head + b"".join(b"X%d: y\r\n" % i for i in range(5000)) + b"\r\n",
                    b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n",
                    b"GET /livez?" + b"a=b&" * 100000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n"):
        status, _ = talk(daemon, request)
        assert status in (0, 400, 413, 414, 431), (status, request[:60], len(request))
        alive(daemon)


def bodies():
    """(request, the statuses that are right)"""
    host = b"Host: localhost\r\n"
    yield b"POST /livez HTTP/1.1\r\n" + host + b"Content-Length: 5\r\n\r\nhello", {405, 413}
    yield b"PUT /metrics HTTP/1.1\r\n" + host + b"\r\n", {405}
    yield b"DELETE / HTTP/1.1\r\n" + host + b"\r\n", {405}
    yield b"TRACE / HTTP/1.1\r\n" + host + b"\r\n", {405}
    yield b"CONNECT evil.example:443 HTTP/1.1\r\n" + host + b"\r\n", {400, 404, 405}
    yield b"GET /livez HTTP/1.1\r\n" + host + b"Content-Length: 99999999999999999999\r\n\r\n", {0, 400, 413}
    yield b"GET /livez HTTP/1.1\r\n" + host + b"Content-Length: -1\r\n\r\n", {0, 400, 413}
    yield b"GET /livez HTTP/1.1\r\n" + host + b"Transfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n", {0, 400, 413}
    yield (b"GET /livez HTTP/1.1\r\n" + host + b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
           {0, 400, 413})


def lines():
    host = b"Host: localhost\r\n"
    for garbage in (b"\0" * 100, b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", b"\r\n" * 1000, b"GET\r\n\r\n", b"GET /\r\n\r\n",
                    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"GET / HTTP/9.9\r\n" + host + b"\r\n",
                    b"GET / FTP/1.1\r\n" + host + b"\r\n", b" / HTTP/1.1\r\n\r\n", b"A" * 100000, b"\xff\xfe" * 5000,
                    b"GET / HTTP/1.1\r\n" + b" folded\r\n\r\n", b"GET / HTTP/1.1\r\nNo colon here\r\n\r\n",
                    b"GET / HTTP/1.1\r\n: no name\r\n\r\n"):
        yield garbage, None
    for path in (b"/../../../../etc/passwd", b"/%2e%2e/%2e%2e/etc/passwd", b"/livez/../status/../../etc/shadow", b"//etc/passwd",
                 b"/livez%00.html", b"/%", b"/%zz", b"/livez%0d%0aSet-Cookie:%20a=b", b"*", b"http://evil.example/livez"):
        yield b"GET " + path + b" HTTP/1.1\r\n" + host + b"Connection: close\r\n\r\n", None


def hosts():
    for name in (b"evil.example", b"localhost.evil.example", b"127.evil.example", b"10.0.0.1", b"localhost@evil.example"):
        yield b"GET /status HTTP/1.1\r\nHost: " + name + b"\r\nConnection: close\r\n\r\n", {403}


@test
def malformed_requests_are_refused_and_leave_no_trace(t):
    daemon = started(t)
    count = 0
    for request, right in (*bodies(), *lines(), *hosts()):
        status, answer = talk(daemon, request)
        if right is not None:
            assert status in right, (request[:80], status)
        assert status < 500 or status == 505, (request[:80], status)
        assert b"root:" not in answer and b"Set-Cookie" not in answer, (request, answer)
        alive(daemon)
        count += 1
    assert daemon.metric("riverd_pipeline_clicks_pending") is not None
    assert len(daemon.log().splitlines()) < 60, f"strangers can fill the log:\n{daemon.log()}"
    assert daemon.get("/readyz")[0] == 200 and daemon.stop()[0] == 0
    print(f"     {count} requests")


@test
def every_answer_forbids_what_a_page_may_not_do(t):
    daemon = started(t)
    for path in ("/", "/livez", "/metrics", "/status", "/nowhere"):
        try:
            with urllib.request.urlopen(daemon.url + path, timeout=10) as answer:
                headers = answer.headers
        except urllib.error.HTTPError as error:
            headers = error.headers
        policy = headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy and "frame-ancestors 'none'" in policy and "unsafe" not in policy, (path, policy)
        assert headers["X-Content-Type-Options"] == "nosniff" and headers["Cache-Control"] == "no-store", path
        assert headers["Server"] is None and headers["Access-Control-Allow-Origin"] is None, path


@test
def a_reader_who_does_not_read_is_cut(t):
    daemon = started(t)
    with dial(daemon) as s:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        s.sendall(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n" * 2000)
        time.sleep(1)
        alive(daemon)
    alive(daemon)
