"""A model server for tests: OpenAI's chat completions, as far as riverd uses them.

The answer is a pure function of the reviews in the request, so that whoever
knows the reviews knows the summary. It can be told to misbehave:

    fake_model.py [--port N] [--delay MS] [--fail SHARE] [--seed N]

SHARE of the calls fail, in turn with 429, 500, a cut connection, and no answer
for five seconds. Prints "PORT n" when it listens. GET /stats tells what happened.
"""

import argparse
import json
import random
import re
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "oracle"))
from oracle import canonical, fake_summary  # noqa: E402

FENCE = re.compile(r"REVIEWS BEGIN (\S+)\n(.*)\nREVIEWS END \1", re.S)


def reviews_of(request):
    """The JSON array of reviews between the markers of the user's message."""
    for message in request["messages"]:
        found = FENCE.search(message["content"]) if message["role"] == "user" else None
        if found:
            return json.loads(found.group(2))
    raise ValueError("no reviews in the request")


class Model:
    def __init__(self, delay_ms, fail, seed):
        self.delay_ms, self.fail = delay_ms, fail
        self.random = random.Random(seed)
        self.lock = threading.Lock()
        self.stats = {"calls": 0, "answers": 0, "failures": 0, "distinct": 0}
        self.seen = set()
        self.faults = 0

    def fault(self):
        """None, or which way this call fails."""
        with self.lock:
            self.stats["calls"] += 1
            if self.random.random() >= self.fail:
                return None
            self.stats["failures"] += 1
            self.faults += 1
            return ("429", "500", "cut", "hang")[self.faults % 4]

    def answer(self, reviews):
        with self.lock:
            self.stats["answers"] += 1
            self.seen.add(canonical(reviews))
            self.stats["distinct"] = len(self.seen)
        return fake_summary(reviews)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    model = None

    def reply(self, status, body, headers=()):
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        for name, value in headers:
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)

    def do_GET(self):
        self.reply(200, self.model.stats)

    def do_POST(self):
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        fault = self.model.fault()
        if fault == "429":
            self.reply(429, {"error": {"message": "slow down", "type": "requests"}}, [("retry-after-ms", "50")])
        elif fault == "500":
            self.reply(500, {"error": {"message": "oops"}})
        elif fault == "cut":
            self.close_connection = True
        else:
            time.sleep(5 if fault == "hang" else self.model.delay_ms / 1000)
            self.reply(200, {"id": "x", "object": "chat.completion", "model": request.get("model"), "choices": [
                {"index": 0, "finish_reason": "stop",
                 "message": {"role": "assistant", "content": self.model.answer(reviews_of(request))}}],
                "usage": {"prompt_tokens": 10, "completion_tokens": 10, "total_tokens": 20}})

    def log_message(self, *args):
        pass


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def handle_error(self, request, client_address):
        """Clients that were killed, or lost their patience, are part of the test."""
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--delay", type=int, default=0)
    parser.add_argument("--fail", type=float, default=0)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    Handler.model = Model(args.delay, args.fail, args.seed)
    server = Server(("127.0.0.1", args.port), Handler)
    print("PORT", server.server_address[1], flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
