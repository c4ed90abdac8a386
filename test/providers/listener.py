"""An endpoint for chat completions that remembers the first request. Prints its port.

POST anything: an answer. GET /: the first request, one fact a line. DELETE /: forgets it.
"""

import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

ANSWER = json.dumps({"choices": [{"index": 0, "message": {"role": "assistant", "content": "Guests loved the listener."},
                                  "finish_reason": "stop"}]}).encode()


class Listener(BaseHTTPRequestHandler):
    first = None

    def reply(self, body):
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self):
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if Listener.first is None:
            lines = [f"path {self.path}", f"model {request['model']}"]
            lines += [f"{name}: {value}" for name, value in self.headers.items()]
            Listener.first = "".join(line + "\n" for line in lines)
        self.reply(ANSWER)

    def do_GET(self):
        self.reply((Listener.first or "").encode())

    def do_DELETE(self):
        Listener.first = None
        self.reply(b"")

    def log_message(self, *args):
        pass


server = ThreadingHTTPServer(("127.0.0.1", 0), Listener)
server.daemon_threads = True
print(server.server_port, flush=True)
server.serve_forever()
