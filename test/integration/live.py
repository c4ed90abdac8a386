"""What tests of the live daemon need, from the standard library alone: servers,
topics, single records, outputs, a model, a network that breaks, and riverd as a
child process. kcat writes and reads records."""

import json
import os
import re
import signal
import socket
import socketserver
import struct
import subprocess
import threading
import time
import urllib.error
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
SERVERS = ROOT / "scripts" / "servers"
RIVERD = os.environ.get("RIVERD", str(ROOT / "build" / "riverd"))


def now_ms():
    return time.time_ns() // 1000000


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def wait_for(what, condition, timeout=30.0, every=0.1):
    """The first true value of condition(); AssertionError when it does not come."""
    deadline = time.monotonic() + timeout
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {timeout} s: {what}")
        time.sleep(every)


def http(url, data=None, timeout=10):
    """(status, body); status 0 when nobody answers."""
    request = urllib.request.Request(url, data, {"Content-Type": "application/json"} if data else {})
    try:
        with urllib.request.urlopen(request, timeout=timeout) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()
    except OSError:
        return 0, ""


class Server:
    """One of scripts/servers. The port stays the same over stop and start."""

    def __init__(self, name, directory, *options):
        self.name, self.directory, self.options = name, Path(directory), options
        self.start()
        text = (self.directory / f"{name}.env").read_text()
        self.env = dict(line.split("=", 1) for line in text.splitlines() if "=" in line)

    def start(self):
        subprocess.run([SERVERS / self.name, "start", self.directory, *self.options], check=True,
                       stdout=subprocess.DEVNULL)

    def stop(self, how="TERM"):
        subprocess.run([SERVERS / self.name, "stop", self.directory, how], check=False, stdout=subprocess.DEVNULL)


# ---- Kafka ----

class Admin:
    """Two requests of Kafka's protocol, by hand: no JVM for each topic."""

    def __init__(self, brokers):
        self.host, self.port = brokers.split(":")

    def call(self, key, version, body):
        name = b"behaviour"
        head = struct.pack(">hhih", key, version, 1, len(name)) + name
        with socket.create_connection((self.host, int(self.port)), timeout=30) as s:
            s.sendall(struct.pack(">i", len(head) + len(body)) + head + body)
            with s.makefile("rb") as stream:
                return stream.read(struct.unpack(">i", stream.read(4))[0])[4:]

    def ask(self, key, version, topics, validate):
        """topics: [(name, rest of its entry)]; KeyError-like AssertionError on any refusal but "exists"."""
        body = struct.pack(">i", len(topics))
        for name, rest in topics:
            body += struct.pack(">h", len(name)) + name.encode() + rest
        answer = self.call(key, version, body + struct.pack(">ib", 30000, validate))
        at = 8
        for _ in topics:
            length = struct.unpack_from(">h", answer, at)[0]
            code, text = struct.unpack_from(">hh", answer, at + 2 + length)
            assert code in (0, 36), f"broker refuses with error {code}"
            at += 2 + length + 4 + max(text, 0)

    def create(self, *topics, partitions=1):
        entry = struct.pack(">ihii", partitions, 1, 0, 0)
        self.ask(19, 4, [(t, entry) for t in topics], 0)  # CreateTopics

    def grow(self, topic, partitions):
        self.ask(37, 1, [(topic, struct.pack(">ii", partitions, -1))], 0)  # CreatePartitions


def produce(brokers, topic, value, key=None, partition=0, timestamp=None):
    """One record. value: bytes, or a dict for JSON, or None for a tombstone."""
    value = json.dumps(value).encode() if isinstance(value, dict) else value
    command = ["kcat", "-P", "-b", brokers, "-t", topic, "-p", str(partition), "-X", "message.timeout.ms=20000"]
    command += ["-k", key] if key else []
    assert timestamp is None, "kcat cannot set timestamps"
    with open(os.path.join(scratch(), f"{threading.get_ident()}.value"), "wb") as file:
        file.write(value or b"")
    done = subprocess.run(command + (["-Z"] if value is None else []) + [file.name], capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()


def produce_lines(brokers, topic, values, partition=0):
    """Many JSON records at once."""
    text = "".join(json.dumps(v) + "\n" for v in values).encode()
    subprocess.run(["kcat", "-P", "-b", brokers, "-t", topic, "-p", str(partition)], input=text, check=True,
                   capture_output=True)


def scratch():
    return os.environ["BEHAVIOUR_SCRATCH"]


HEAD = re.compile(rb"(-?\d+) (-?\d+) (-?\d+) (-?\d+) (-?\d+) ([^\n]*)\n")


def consume(brokers, topic):
    """All committed records: dicts of partition, offset, time_ms, key, value, headers. [] when there is no topic."""
    form = "%p %o %T %K %S %h\n%k%s"
    done = subprocess.run(["kcat", "-C", "-b", brokers, "-t", topic, "-o", "beginning", "-e", "-q", "-f", form, "-X",
                           "isolation.level=read_committed"], capture_output=True, check=False, timeout=60)
    if done.returncode != 0 and b"Unknown topic" not in done.stderr:
        raise AssertionError(done.stderr.decode())
    records, at = [], 0
    while at < len(done.stdout):
        head = HEAD.match(done.stdout, at)
        partition, offset, stamp, key, size = (int(head.group(i)) for i in range(1, 6))
        start = head.end()
        key, size = max(key, 0), max(size, 0)
        headers = dict(h.split("=", 1) for h in head.group(6).decode().split(",") if "=" in h)
        records.append({"partition": partition, "offset": offset, "time_ms": stamp, "headers": headers,
                        "key": done.stdout[start:start + key], "value": done.stdout[start + key:start + key + size]})
        at = start + key + size
    return records


# ---- Avro ----

def zigzag(n):
    n = (n << 1) ^ (n >> 63)
    out = b""
    while n > 0x7F:
        out, n = out + bytes([n & 0x7F | 0x80]), n >> 7
    return out + bytes([n])


def avro_string(text):
    return zigzag(len(text.encode())) + text.encode()


class AvroReader:
    """A value by its schema: what our outputs use of Avro."""

    def __init__(self, data):
        self.data, self.at = data, 0

    def long(self):
        n = shift = 0
        while True:
            byte = self.data[self.at]
            self.at += 1
            n, shift = n | (byte & 0x7F) << shift, shift + 7
            if byte < 0x80:
                return (n >> 1) ^ -(n & 1)

    def string(self):
        size = self.long()
        self.at += size
        return self.data[self.at - size:self.at].decode()

    def items(self, schema):
        out = []
        while (count := self.long()) != 0:
            assert count > 0
            out += [self.read(schema) for _ in range(count)]
        return out

    def read(self, schema):
        if isinstance(schema, list):
            return self.read(schema[self.long()])
        kind = schema if isinstance(schema, str) else schema["type"]
        if kind == "record":
            return {f["name"]: self.read(f["type"]) for f in schema["fields"]}
        if kind == "array":
            return self.items(schema["items"])
        if kind == "double":
            self.at += 8
            return struct.unpack("<d", self.data[self.at - 8:self.at])[0]
        return {"null": lambda: None, "string": self.string, "int": self.long, "long": self.long}[kind]()


def decode(record, name):
    """The fields of an output record by the schema in schemas/."""
    schema = json.loads((ROOT / "schemas" / f"{name}-value.avsc").read_text())
    assert record["value"][0] == 0
    reader = AvroReader(record["value"][5:])
    fields = reader.read(schema)
    assert reader.at == len(reader.data), "bytes behind the record"
    return fields


# ---- things that break ----

class Proxy:
    """TCP in front of a server. down(): connections are refused, open ones cut."""

    def __init__(self, host, port):
        self.target, self.port, self.server = (host, port), free_port(), None
        self.open = set()
        self.up()

    def up(self):
        proxy = self

        class Handler(socketserver.BaseRequestHandler):
            def handle(self):
                proxy.pump(self.request)

        class Threads(socketserver.ThreadingTCPServer):
            allow_reuse_address, daemon_threads = True, True

        self.server = Threads(("127.0.0.1", self.port), Handler)
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def pump(self, near):
        far = socket.create_connection(self.target)
        self.open |= {near, far}
        back = threading.Thread(target=self.copy, args=(far, near), daemon=True)
        back.start()
        self.copy(near, far)
        back.join()
        self.open -= {near, far}
        far.close()

    @staticmethod
    def copy(source, target):
        try:
            while data := source.recv(65536):
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def down(self):
        self.server.shutdown()
        self.server.server_close()
        for s in list(self.open):
            try:
                s.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass


class Model:
    """A model that answers every call with one sentence and remembers what it was asked."""

    def __init__(self, port):
        self.asked = []
        model = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                model.asked.append(body)
                answer = {"choices": [{"index": 0, "finish_reason": "stop", "message": {
                    "role": "assistant", "content": "Guests liked the quiet rooms most."}}]}
                data = json.dumps(answer).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *args):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()


# ---- riverd ----

class Riverd:
    """A configuration, a state directory, and the process that uses them."""

    def __init__(self, directory, settings):
        self.directory = Path(directory)
        self.directory.mkdir(parents=True, exist_ok=True)
        self.url = "http://" + settings["http.listen"]
        self.conf = self.directory / "riverd.conf"
        self.settings = settings
        self.write()
        self.process, self.starts = None, 0

    def write(self, **changes):
        """Changes of settings, '.' as '__'; None takes a key out."""
        for name, value in changes.items():
            self.settings[name.replace("__", ".")] = value
        lines = [f"{key} = {value}\n" for key, value in self.settings.items() if value is not None]
        self.conf.write_text("".join(lines))

    def log_path(self):
        return self.directory / f"riverd.{self.starts}.log"

    def start(self, env=None, options=()):
        self.starts += 1
        with open(self.log_path(), "w") as log:
            self.process = subprocess.Popen([RIVERD, "run", "-c", self.conf, *options], stdout=log,
                                            stderr=subprocess.STDOUT, env={**os.environ, **(env or {})})
        return self

    def log(self):
        return self.log_path().read_text()

    def says(self, pattern, timeout=30.0):
        """Waits for a line in the log of this start."""
        return wait_for(f"log says {pattern!r}", lambda: re.search(pattern, self.log()), timeout)

    def get(self, path):
        return http(self.url + path)

    def ready(self, timeout=60.0):
        def look():
            assert self.process.poll() is None, f"riverd ended with {self.process.returncode}:\n{self.log()[-2000:]}"
            return self.get("/readyz")[0] == 200

        wait_for("/readyz says 200", look, timeout)
        return self

    def metric(self, name):
        found = re.search(rf"^{name}(?:{{[^}}]*}})? (\S+)$", self.get("/metrics")[1], re.M)
        return float(found.group(1)) if found else None

    def signal(self, number):
        self.process.send_signal(number)

    def stop(self, timeout=40.0):
        """SIGTERM; (exit code, seconds it took)."""
        start = time.monotonic()
        self.signal(signal.SIGTERM)
        return self.process.wait(timeout), time.monotonic() - start

    def kill(self):
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait()
