"""Headless Chromium through the DevTools protocol over a pipe: the standard library alone."""

import base64
import json
import os
import select
import shutil
import subprocess
import tempfile
import time

NAMES = ("chromium", "chromium-browser", "google-chrome")


def find():
    return next((path for path in map(shutil.which, NAMES) if path), None)


class Browser:
    """One process; tabs by page()."""

    def __init__(self, program):
        self.profile = tempfile.mkdtemp(prefix="riverd-page.")
        to_read, self.to = os.pipe()
        self.back, to_write = os.pipe()
        command = ["sh", "-c", f'exec "$0" "$@" 3<&{to_read} 4>&{to_write}', program, "--headless", "--no-sandbox",
                   "--disable-gpu", "--hide-scrollbars", "--no-first-run", f"--user-data-dir={self.profile}",
                   "--remote-debugging-pipe"]
        self.process = subprocess.Popen(command, pass_fds=(to_read, to_write), stdout=subprocess.DEVNULL,
                                        stderr=subprocess.DEVNULL)
        os.close(to_read)
        os.close(to_write)
        self.last, self.data, self.events = 0, b"", []

    def receive(self, timeout):
        """The next message, or None when none came."""
        deadline = time.monotonic() + timeout
        while b"\0" not in self.data:
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([self.back], [], [], left)[0]:
                return None
            more = os.read(self.back, 1 << 20)
            if not more:
                raise AssertionError("the browser is gone")
            self.data += more
        message, self.data = self.data.split(b"\0", 1)
        return json.loads(message)

    def call(self, method, session=None, **params):
        self.last += 1
        message = {"id": self.last, "method": method, "params": params}
        if session:
            message["sessionId"] = session
        os.write(self.to, json.dumps(message).encode() + b"\0")
        while True:
            answer = self.receive(30)
            assert answer is not None, f"no answer to {method}"
            if answer.get("id") == self.last:
                assert "error" not in answer, f"{method}: {answer['error']}"
                return answer["result"]
            if "method" in answer:
                self.events.append(answer)

    def pump(self, seconds):
        """Takes what comes for so long."""
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0:
            message = self.receive(left)
            if message and "method" in message:
                self.events.append(message)

    def page(self, url, width=1440, height=900, dark=False, still=False):
        return Page(self, url, width, height, dark, still)

    def close(self):
        try:
            self.call("Browser.close")
        except (AssertionError, OSError):
            self.process.kill()
        self.process.wait(20)
        os.close(self.to)
        os.close(self.back)
        shutil.rmtree(self.profile, ignore_errors=True)


class Page:
    def __init__(self, browser, url, width, height, dark, still):
        self.browser, self.width, self.height = browser, width, height
        self.target = browser.call("Target.createTarget", url="about:blank")["targetId"]
        self.session = browser.call("Target.attachToTarget", targetId=self.target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(domain + ".enable")
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=width < 600)
        features = [{"name": "prefers-color-scheme", "value": "dark" if dark else "light"},
                    {"name": "prefers-reduced-motion", "value": "reduce" if still else "no-preference"}]
        self.call("Emulation.setEmulatedMedia", features=features)
        self.call("Page.navigate", url=url)

    def call(self, method, **params):
        return self.browser.call(method, self.session, **params)

    def eval(self, expression):
        answer = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in answer:
            raise AssertionError(f"{expression}: {answer['exceptionDetails']}")
        return answer["result"].get("value")

    def wait(self, expression, timeout=15.0):
        """The first true value of the expression."""
        deadline = time.monotonic() + timeout
        while True:
            value = self.eval(expression)
            if value:
                return value
            assert time.monotonic() < deadline, f"not within {timeout} s: {expression}"
            self.browser.pump(0.1)

    def saw(self, method):
        """The parameters of such events of this page."""
        return [e["params"] for e in self.browser.events if e["method"] == method and e.get("sessionId") == self.session]

    def requests(self):
        return [(e["request"]["url"], e["type"]) for e in self.saw("Network.requestWillBeSent")]

    def complaints(self):
        """What a person would see in red in the console."""
        said = [e["exceptionDetails"].get("text", "") for e in self.saw("Runtime.exceptionThrown")]
        said += [str(e["args"]) for e in self.saw("Runtime.consoleAPICalled") if e["type"] in ("error", "warning")]
        return said + [e["entry"]["text"] for e in self.saw("Log.entryAdded") if e["entry"]["level"] in ("error", "warning")]

    def shoot(self, path, whole=False):
        clip = {}
        if whole:
            height = self.eval("document.documentElement.scrollHeight")
            clip = {"captureBeyondViewport": True,
                    "clip": {"x": 0, "y": 0, "width": self.width, "height": min(height, 6000), "scale": 1}}
        data = self.call("Page.captureScreenshot", format="png", **clip)["data"]
        with open(path, "wb") as file:
            file.write(base64.b64decode(data))

    def close(self):
        self.browser.call("Target.closeTarget", targetId=self.target)
