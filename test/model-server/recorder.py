"""Stands between riverd and the model server and keeps what passed, so that what the model wrote
can be laid beside what riverd made of it."""

import http.client
import json
import re
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit


class Exchange:
    def __init__(self, request, status, body, ms):
        self.status, self.ms, self.body = status, ms, body
        user = request["messages"][1]["content"]
        self.reviews = json.loads(re.search(r"^REVIEWS BEGIN \w+\n(.*)\nREVIEWS END", user, re.S).group(1))
        self.max_tokens = request.get("max_completion_tokens", request.get("max_tokens"))
        choice = (body.get("choices") or [{}])[0]
        self.text = (choice.get("message") or {}).get("content")
        self.finish = choice.get("finish_reason")
        usage = body.get("usage") or {}
        self.tokens_in, self.tokens_out = usage.get("prompt_tokens", 0), usage.get("completion_tokens", 0)


class Recorder:
    def __init__(self, target):
        self.exchanges, self.errors = [], []
        recorder, host = self, urlsplit(target).netloc

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                start = time.monotonic()
                upstream = http.client.HTTPConnection(host, timeout=300)
                headers = {n: v for n, v in self.headers.items() if n.lower() in ("authorization", "content-type")}
                try:
                    upstream.request("POST", self.path, body, headers)
                    answer = upstream.getresponse()
                    data = answer.read()
                    ms = (time.monotonic() - start) * 1000
                    recorder.exchanges.append(Exchange(json.loads(body), answer.status, json.loads(data), ms))
                    self.send_response(answer.status)
                    self.send_header("Content-Type", answer.headers["Content-Type"])
                    self.send_header("Content-Length", str(len(data)))
                    self.end_headers()
                    self.wfile.write(data)
                except (BrokenPipeError, ConnectionResetError):
                    pass  # riverd was told to stop
                except Exception as error:  # shown by the test; riverd sees a cut connection
                    recorder.errors.append(repr(error))
                    self.close_connection = True
                finally:
                    upstream.close()

            def log_message(self, *args):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()
