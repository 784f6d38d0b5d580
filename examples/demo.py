"""The main job on real data: SMS Spam, from raw rows to an answer over HTTP."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PROJECT = ROOT / "demo"
MESSAGE = "WINNER!! You have been selected for a 1000 pound prize. Call 09061701461 now to claim."
SECONDS = "60"


def main() -> None:
    """Run the workflow in a fresh project, serve its release, ask it one question."""
    started = time.monotonic()
    shutil.rmtree(PROJECT, ignore_errors=True)
    data = ROOT / "examples" / "data" / "sms_spam.csv.gz"
    modelwright = [sys.executable, "-m", "modelwright"]
    options = ["--predict", "label", "--project", str(PROJECT), "--seconds", SECONDS]
    print(f"$ modelwright run {data.relative_to(ROOT)} --predict label --seconds {SECONDS}", flush=True)
    subprocess.run([*modelwright, "run", str(data), *options], check=True, cwd=ROOT)
    print("\n$ python demo/release/serve.py", flush=True)
    answer = ask_over_http(PROJECT / "release", {"text": MESSAGE})
    print(f"POST /predict {json.dumps({'text': MESSAGE})}\n  -> {json.dumps(answer)}")
    print(f"\nDone in {time.monotonic() - started:.0f} s. Open {PROJECT / 'report.html'} in a browser.")


def ask_over_http(release: Path, row: dict[str, str]) -> object:
    """Start the release's own server, ask for one row's answer, stop the server."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = subprocess.Popen([sys.executable, str(release / "serve.py"), "--port", str(port)])
    try:
        request = urllib.request.Request(
            f"http://127.0.0.1:{port}/predict",
            data=json.dumps(row).encode(),
            headers={"Content-Type": "application/json"},
        )
        return json.load(answer_when_up(request))
    finally:
        server.terminate()
        server.wait(10)


def answer_when_up(request: urllib.request.Request, seconds: float = 15.0):  # an HTTPResponse
    """Ask until the server is up."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            return urllib.request.urlopen(request, timeout=seconds)
        except urllib.error.URLError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)


if __name__ == "__main__":
    main()
