"""TCP in front of a server, breaking what goes through as it is told.

Modes, for connections that exist and those to come:
    pass     nothing is touched
    delay    every piece waits for `amount` seconds
    slow     `amount` bytes a second
    cut      a connection is reset after about `amount` bytes more, in the middle of whatever
             is under way; the next one again
    stall    bytes are taken and never passed on, nobody closes: a cable pulled out
    refuse   nobody listens, open connections are reset
"""

import random
import socket
import struct
import threading
import time

CHUNK = 2048


class FaultProxy:
    def __init__(self, host, port, seed):
        self.target, self.chance = (host, int(port)), random.Random(seed)
        self.mode, self.amount = "pass", 0
        self.lock, self.open, self.cuts = threading.Lock(), set(), 0
        self.listener, self.port = None, 0
        self.listen()

    def address(self):
        return f"127.0.0.1:{self.port}"

    def listen(self):
        self.listener = socket.socket()
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.listener.bind(("127.0.0.1", self.port))
        self.listener.listen(64)
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, args=(self.listener,), daemon=True).start()

    def accept(self, listener):
        while True:
            try:
                near, _ = listener.accept()
                far = socket.create_connection(self.target, timeout=10)
            except OSError:
                if listener.fileno() < 0 or listener is not self.listener:
                    return
                near.close()
                continue
            far.settimeout(None)
            with self.lock:
                self.open |= {near, far}
            for source, target in ((near, far), (far, near)):
                threading.Thread(target=self.pump, args=(source, target), daemon=True).start()

    def set(self, mode, amount=0):
        before, self.mode, self.amount = self.mode, mode, amount
        if mode == "refuse":
            listener, self.listener = self.listener, None
            # close() alone leaves the blocked accept() listening
            listener.shutdown(socket.SHUT_RDWR)
            listener.close()
            self.reset()
        elif before == "refuse":
            self.listen()
        elif before == "stall":
            self.reset()  # what was swallowed is missing: the connection cannot go on

    def reset(self):
        with self.lock:
            pairs, self.open = self.open, set()
        for s in pairs:
            self.abort(s)

    @staticmethod
    def abort(s):
        try:
            s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            s.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        s.close()

    def pump(self, source, target):
        left = None  # bytes until the cut
        try:
            while data := source.recv(CHUNK):
                mode, amount = self.mode, self.amount
                if mode == "stall":
                    continue
                if mode == "delay":
                    time.sleep(amount)
                elif mode == "slow":
                    time.sleep(len(data) / amount)
                elif mode == "cut":
                    left = self.chance.expovariate(1 / amount) if left is None else left
                    if len(data) > left:
                        target.sendall(data[:int(left)])
                        self.cuts += 1
                        break
                    left -= len(data)
                target.sendall(data)
        except OSError:
            pass
        with self.lock:
            self.open -= {source, target}
        self.abort(source)
        self.abort(target)

    def stop(self):
        if self.listener is not None:
            self.set("refuse")
