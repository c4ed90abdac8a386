"""The model that both systems ask: OpenAI's chat completions over a pure function.

The answer depends on the words of the reviews in the request alone, so that two
systems that join the same reviews in another order get the same sentence. riverd
sends a JSON array between markers, the SQL one text with ||| between the reviews.

    model.py     prints "PORT n" when it listens

GET /stats: calls, and how many different questions there were. A call without
any review is answered like the contract says.
"""

import hashlib
import json
import re
import threading
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

FENCE = re.compile(r"REVIEWS BEGIN (\S+)\n(.*)\nREVIEWS END \1", re.S)
SYLLABLES = [c + v for c in "bdfgklmnprstvz" for v in "aeiou"]


def canonical(reviews):
    """What neither an order nor a prompt writer changes: the words, sorted."""
    return " ".join(sorted(word for text in reviews for word in re.findall(r"[a-z0-9]+", text.lower())))


def summary(reviews):
    digest = hashlib.sha256(canonical(reviews).encode()).digest()
    words = ["".join(SYLLABLES[byte % len(SYLLABLES)] for byte in digest[i:i + 4]) for i in (0, 4, 8, 12)]
    return "Guests liked " + ", ".join(words[:3]) + " and " + words[3] + "."


def reviews_of(request):
    for message in request["messages"]:
        if message["role"] != "user":
            continue
        content = message["content"]
        if isinstance(content, list):
            content = "".join(part["text"] for part in content)
        fenced = FENCE.search(content)
        return json.loads(fenced.group(2)) if fenced else [content]
    raise ValueError("no message of a user")


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    lock = threading.Lock()
    calls = Counter()

    def reply(self, body):
        data = json.dumps(body).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def do_GET(self):
        with self.lock:
            self.reply({"calls": sum(self.calls.values()), "distinct": len(self.calls)})

    def do_POST(self):
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        reviews = reviews_of(request)
        with self.lock:
            self.calls[tuple(reviews)] += 1
        text = summary(reviews) if canonical(reviews) else "NO REVIEWS FOUND."
        self.reply({"id": "x", "object": "chat.completion", "created": 0, "model": request.get("model"), "choices": [
            {"index": 0, "finish_reason": "stop", "logprobs": None,
             "message": {"role": "assistant", "content": text, "refusal": None}}],
            "usage": {"prompt_tokens": 10, "completion_tokens": 10, "total_tokens": 20}})

    def log_message(self, *args):
        pass


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128


def main():
    server = Server(("127.0.0.1", 0), Handler)
    print("PORT", server.server_address[1], flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
