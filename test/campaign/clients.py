"""The schema registry and the model fail in every way: refused, 500, hanging, garbage, slow, wrong."""

import json
import threading
import time
import urllib.error
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from world import scenario

WAYS = ("refused", "500", "hang", "garbage", "slow", "wrong", "cut", "429", "503", "empty")
# An answer with an empty text is not among them: that is an answer, and riverd writes its own sentence.
WRONG = json.dumps({"unexpected": ["shape", 1]}).encode()


class FaultyHttp:
    """HTTP in front of a server; `way` says what happens to every request."""

    def __init__(self, target):
        self.target, self.way, self.broken = target, None, 0
        faulty = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                faulty.handle(self)

            def do_POST(self):
                faulty.handle(self)

            def log_message(self, *args):
                pass

        class Quiet(ThreadingHTTPServer):
            daemon_threads, request_queue_size = True, 64

            def handle_error(self, request, client_address):
                """Clients that give up are part of the test."""

        self.server = Quiet(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def handle(self, request):
        body = request.rfile.read(int(request.headers.get("Content-Length") or 0)) or None
        way = self.way
        self.broken += way is not None
        if way in ("refused", "cut"):
            if way == "cut":
                request.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{\"choi")
            request.close_connection = True
            return
        if way == "hang":
            time.sleep(6)
        if way in (None, "slow", "hang"):
            self.forward(request, body, slow=way == "slow")
        elif way == "garbage":
            self.answer(request, 200, b"\x00\xff{[not json" * 40)
        elif way == "empty":
            self.answer(request, 200, b"")
        elif way == "wrong":
            self.answer(request, 200, WRONG)
        else:
            self.answer(request, int(way), b'{"error_code": 50001, "message": "broken on purpose"}')

    def forward(self, request, body, slow):
        headers = {name: value for name, value in request.headers.items() if name.lower() not in ("host", "connection")}
        call = urllib.request.Request(self.target + request.path, body, headers, method=request.command)
        try:
            with urllib.request.urlopen(call, timeout=10) as answer:
                self.answer(request, answer.status, answer.read(), slow)
        except urllib.error.HTTPError as error:
            self.answer(request, error.code, error.read(), slow)

    @staticmethod
    def answer(request, status, data, slow=False):
        request.send_response(status)
        request.send_header("Content-Type", "application/json")
        request.send_header("Content-Length", str(len(data)))
        request.end_headers()
        step = max(len(data) // 10, 1) if slow else len(data) or 1
        for at in range(0, len(data), step):
            request.wfile.write(data[at:at + step])
            request.wfile.flush()
            if slow:
                time.sleep(0.1)

    def stop(self):
        self.server.shutdown()
        self.server.server_close()


@scenario("the registry fails in every way", per_piece=len(WAYS))
def registry_fails(setting, times):
    """While riverd starts and has schemas to learn; the schemas of this batch are in no cache yet."""
    faulty = FaultyHttp(setting.registry.url)
    try:
        with setting.batch("registry", registry=faulty.url, schema__registry__request__timeout="2s") as batch:
            daemon, slowest = batch.daemon(), 0.0
            batch.feed()
            for turn in range(times):
                faulty.way = WAYS[turn % len(WAYS)]
                daemon.start()
                time.sleep(3)
                faulty.way = None
                slowest = max(slowest, daemon.wait_working())
                daemon.kill()
            return batch.finish(daemon, faults=times, requests_broken=faulty.broken, slowest_healthy_s=round(slowest, 2))
    finally:
        faulty.stop()


@scenario("the model fails in every way", per_piece=len(WAYS))
def model_fails(setting, times):
    """Targets wait durably, everything else goes on; riverd is killed in between."""
    with setting.batch("model", fail=0) as batch:
        faulty = FaultyHttp(batch.model.url)
        try:
            daemon = batch.daemon(summary__url=faulty.url, summary__timeout="1s")
            batch.feed()
            for turn in range(times):
                faulty.way = WAYS[turn % len(WAYS)]
                daemon.start()
                daemon.wait_ready()  # the model holds up nothing but its own targets
                time.sleep(3)
                daemon.wait_ready()
                if turn % 2:
                    daemon.kill()
                    daemon.start()
                faulty.way = None
                daemon.wait_working()
                daemon.kill()
            return batch.finish(daemon, faults=times, requests_broken=faulty.broken)
        finally:
            faulty.stop()
