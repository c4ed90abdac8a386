"""TLS in front of a server that has none, and a model that speaks it."""

import socket
import ssl
import threading
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "test" / "integration"))
import live  # noqa: E402


def context(pem):
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.load_cert_chain(pem)
    return made


class Terminator:
    """Takes TLS off and hands the bytes on. `requests` holds the heads that came through."""

    def __init__(self, pem, target):
        self.target, self.context, self.requests = target, context(pem), []
        self.met = 0  # connections, with or without trust
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                raw, _ = self.listener.accept()
            except OSError:
                return
            self.met += 1
            threading.Thread(target=self.serve, args=(raw,), daemon=True).start()

    def serve(self, raw):
        raw.settimeout(30)
        try:
            near = self.context.wrap_socket(raw, server_side=True)
        except (ssl.SSLError, OSError):  # the client does not trust us
            raw.close()
            return
        try:
            with near, socket.create_connection(self.target, timeout=30) as far:
                self.exchange(near, far)
        except OSError:
            pass

    def exchange(self, near, far):
        """Requests and answers in turn, as HTTP/1.1 goes; each direction until it is silent or closed."""
        back = threading.Thread(target=live.Proxy.copy, args=(far, near), daemon=True)
        back.start()
        while data := near.recv(65536):
            self.requests.append(data)
            far.sendall(data)
        far.shutdown(socket.SHUT_WR)
        back.join(30)

    def stop(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()


class Model(live.Model):
    """live.Model behind TLS."""

    def __init__(self, pem):
        self.plain_port = live.free_port()
        super().__init__(self.plain_port)
        self.front = Terminator(pem, ("127.0.0.1", self.plain_port))
        self.port = self.front.port

    def stop(self):
        self.front.stop()
        super().stop()
