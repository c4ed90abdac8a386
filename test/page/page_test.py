"""The live page in headless Chromium, against made-up data full of markup, and pictures for people.

    page_test.py DIR      DIR has the program `server`; pictures are left there

Last line: N passed, N failed.
"""

import json
import re
import signal
import subprocess
import sys
import traceback
import urllib.request
from pathlib import Path

import browser

DIR = Path(sys.argv[1])
TESTS = []


def test(function):
    TESTS.append(function)
    return function


class Server:
    def __init__(self, *options, port=0):
        self.process = subprocess.Popen([DIR / "server", str(port), *options], stdout=subprocess.PIPE, text=True)
        self.url = self.process.stdout.readline().strip()

    def port(self):
        return int(self.url.rstrip("/").rsplit(":", 1)[1])

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(10) == 0, "the server did not close cleanly"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.stop()
        self.process.stdout.close()


FLOWS = "document.querySelectorAll('#edges .stream.flowing').length"
READY = "document.title.startsWith('riverd: ready') && document.querySelectorAll('#latest .card').length === (innerWidth > 640 ? 20 : 8)"


@test
def it_fills_itself_in_and_moves(tabs):
    with Server() as server:
        page = tabs.page(server.url)
        page.wait(READY)
        assert page.wait(FLOWS + " >= 2") and page.eval("document.querySelectorAll('#cols .stage').length") == 5
        count = "document.querySelector('.topic .count').textContent"
        before = page.eval(count)
        page.wait(f"{count} !== {json.dumps(before)}")
        page.wait("[...document.querySelectorAll('#edges .rate')].some((e) => /[0-9]\\/s/.test(e.textContent))")
        text = page.eval("document.body.innerText")
        for words in ("Watermark", "behind the clock", "follows clickstream / 3", "windows open", "calls saved", "Model latency",
                      "Tokens", "clickstream: event time", "no event time, or one too far in the future", "similar:", "none similar", "3 at the model, 2 queued", "Consumer lag", "catching up"):
            assert words.lower() in text.lower(), words
        assert not page.complaints(), page.complaints()


@test
def it_loads_one_document_and_one_stream(tabs):
    with Server() as server:
        page = tabs.page(server.url)
        page.wait(READY)
        tabs.pump(3)
        urls = [(u, t) for u, t in page.requests() if not u.startswith("data:")]
        assert urls == [(server.url, "Document"), (server.url + "events", "EventSource")], urls


@test
def texts_stay_texts(tabs):
    with Server() as server:
        page = tabs.page(server.url)
        page.wait(READY)
        assert page.eval("document.querySelectorAll('img, iframe, object, embed, base, form').length") == 0
        assert page.eval("document.scripts.length") == 1
        assert "pwned" not in page.eval("document.title")
        text = page.eval("document.getElementById('latest').innerText")
        assert "<img src=x onerror=" in text and "<script>" in text
        assert not page.complaints(), page.complaints()


@test
def addresses_are_masked(tabs):
    with Server() as server:
        page = tabs.page(server.url)
        page.wait(READY)
        html = page.eval("document.documentElement.outerHTML")
        assert "***@example.org" in html and not re.search(r"guest[0-9]+@", html)


@test
def nothing_else_can_run(tabs):
    """Even with a hole in the page: inline handlers, scripts, eval, markup and other hosts are refused."""
    with Server() as server:
        page = tabs.page(server.url)
        page.wait(READY)
        page.eval("""addEventListener('securitypolicyviolation', (e) => (window.refused ||= []).push(e.effectiveDirective))""")
        for attempt in ("document.body.innerHTML = '<b>x</b>'", "document.write('x')", "document.body.insertAdjacentHTML('beforeend', 'x')",
                        "document.body.setAttribute('onclick', 'x')", "setTimeout('x')"):
            assert page.eval(f"(() => {{ try {{ {attempt}; return 'done'; }} catch (e) {{ return e.name; }} }})()") == "TypeError", attempt
        page.eval("(() => { const i = document.createElement('img'); i.src = 'http://127.0.0.1:9/x.png'; document.body.append(i); })()")
        page.eval("fetch('http://127.0.0.1:9/').catch(() => 0)")
        page.wait("(window.refused || []).includes('img-src') && window.refused.includes('connect-src')")
        assert "pwned" not in page.eval("document.title")
        page.eval("document.body.setAttribute('style', 'display:none')")
        assert page.eval("getComputedStyle(document.body).display") != "none"
        header = urllib.request.urlopen(server.url).headers["Content-Security-Policy"]
        assert "unsafe" not in header and "default-src 'none'" in header


@test
def without_a_stream_it_asks(tabs):
    with Server("nostream") as server:
        page = tabs.page(server.url)
        page.wait(READY)
        page.wait("performance.getEntriesByType('resource').filter((e) => e.name.endsWith('/status')).length >= 2")
        assert page.eval("document.getElementById('banner').hidden")


@test
def it_says_when_nobody_answers_and_recovers(tabs):
    with Server() as server:
        port = server.port()
        page = tabs.page(server.url)
        page.wait(READY)
        server.stop()
        page.wait("!document.getElementById('banner').hidden", 20)
        assert page.eval("document.body.classList.contains('stale')")
    with Server(port=port):
        page.wait("document.getElementById('banner').hidden && !document.body.classList.contains('stale')", 30)


@test
def it_fits_a_phone(tabs):
    with Server() as server:
        page = tabs.page(server.url, 390, 844)
        page.wait(READY)
        page.wait(FLOWS + " >= 2")
        assert page.eval("document.documentElement.scrollWidth") <= 390
        small = page.eval("[...document.querySelectorAll('body *')].filter((e) => e.childNodes.length && e.offsetParent && "
                          "[...e.childNodes].some((c) => c.nodeType === 3 && c.data.trim()) && parseFloat(getComputedStyle(e).fontSize) < 12).length")
        assert small == 0, f"{small} texts below 12 px"
        page.shoot(DIR / "phone.png", whole=True)


@test
def it_fits_every_width_between(tabs):
    with Server() as server:
        page = tabs.page(server.url)
        page.wait(READY)
        for width in (1560, 1320, 1240, 1180, 1060, 900, 820, 640, 390, 320):
            page.call("Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=False)
            page.wait(f"innerWidth === {width}")
            tabs.pump(0.3)
            assert page.eval("document.documentElement.scrollWidth") <= width, width
            cut = page.eval("[...document.querySelectorAll('.scroll, .pair, .tile, .waiting')].filter((e) => e.scrollWidth > e.clientWidth + 1)"
                            ".map((e) => e.className)")
            assert not cut, f"{width}: {cut}"


CONTRAST = """(() => {
	const parse = (c) => c.match(/[\\d.]+/g).map(Number);
	const lum = (c) => { const [r, g, b] = c.slice(0, 3).map((v) => { v /= 255; return v <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4; });
		return .2126 * r + .7152 * g + .0722 * b; };
	const ground = (e) => { for (; e; e = e.parentElement) { const c = parse(getComputedStyle(e).backgroundColor); if (c.length < 4 || c[3] > .9) return c; } };
	const bad = [];
	for (const e of document.querySelectorAll('body *')) {
		if (!e.offsetParent || ![...e.childNodes].some((c) => c.nodeType === 3 && c.data.trim())) continue;
		const [a, b] = [lum(parse(getComputedStyle(e).color)), lum(ground(e))].sort((x, y) => y - x);
		const ratio = (a + .05) / (b + .05);
		if (ratio < 4.5) bad.push(e.tagName + '.' + e.className + ' ' + e.textContent.slice(0, 30) + ' ' + ratio.toFixed(2));
	}
	return [...new Set(bad)];
})()"""


def readable(tabs, dark, name):
    with Server() as server:
        page = tabs.page(server.url, 1440, 1180, dark=dark)
        page.wait(READY)
        page.wait(FLOWS + " >= 2")
        tabs.pump(12)  # sparklines that can be seen
        light = page.eval("getComputedStyle(document.body).backgroundColor.match(/\\d+/g).every((v) => v > 128)")
        assert light != dark
        assert page.eval("document.documentElement.scrollWidth") <= 1440
        page.shoot(DIR / f"{name}.png")
        assert page.eval(CONTRAST) == [], page.eval(CONTRAST)


@test
def light_is_readable(tabs):
    readable(tabs, False, "light")


@test
def dark_is_readable(tabs):
    readable(tabs, True, "dark")


@test
def it_holds_still_for_those_who_ask(tabs):
    with Server() as server:
        page = tabs.page(server.url, still=True)
        page.wait(READY)
        page.wait(FLOWS + " >= 2")
        assert page.eval("document.getAnimations().length") == 0


@test
def a_tab_that_nobody_looks_at_has_a_title_too(tabs):
    with Server() as server:
        page = tabs.page(server.url)
        tabs.page("about:blank")  # opened later, so in front
        page.wait("document.title.startsWith('riverd: ready')")
        assert page.eval("document.body.classList.contains('new')") is False


@test
def before_anything_came_it_says_so(tabs):
    with Server("quiet") as server:
        page = tabs.page(server.url, 1100, 900)
        page.wait("document.title.includes('starting')")
        text = page.eval("document.body.innerText")
        assert "None yet." in text and "none yet" in text
        assert not page.complaints(), page.complaints()
        page.shoot(DIR / "quiet.png")


def main():
    program = browser.find()
    if program is None:
        print("no Chromium found: scripts/bootstrap --tests installs it\n0 passed, 1 failed")
        return 1
    tabs = browser.Browser(program)
    passed = failed = 0
    for function in TESTS:
        if len(sys.argv) > 2 and sys.argv[2] not in function.__name__:
            continue
        try:
            function(tabs)
            passed += 1
            print("ok  ", function.__name__)
        except Exception:  # noqa: BLE001 every failure is reported
            failed += 1
            print("FAIL", function.__name__)
            traceback.print_exc(file=sys.stdout)
        sys.stdout.flush()
    tabs.close()
    print(f"{passed} passed, {failed} failed")
    return failed != 0


sys.exit(main())
