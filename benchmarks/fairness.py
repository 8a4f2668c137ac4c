"""Measure whether a long request of one client holds the short ones of others, with a real model.

    python -m benchmarks.fairness [--model NAME] [--seconds 20] [--long 1000000]

Starts ``python -m bioner serve``. One client asks with a sentence, again and again, for so many
seconds: with nobody beside it, beside a text of so many characters, and beside the short requests
of another client, which says what any other work on the machine costs. Then a long request is
broken off, and the processor time of the service is looked at; and more clients ask at once than
may wait. Targets: beside the long text at most 3 times the wait of the short requests alone (the
machine's cores are shared), the broken-off work ended within 3 seconds, and those that are too many
told so with 503 and Retry-After, all others answered.
"""

from __future__ import annotations

import argparse
import json
import os
import socket
import statistics
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.client import HTTPConnection

import psutil

SENTENCE = "BRCA1 and TNF-alpha are expressed in breast cancer cells treated with aspirin."
SLOWER = 3.0
ENDS_S = 3.0
CLIENTS = 400


@contextmanager
def served(model: str) -> Iterator[tuple[int, psutil.Process]]:
    """Serve the model with a process of its own; give its port and the process."""
    words = ["serve", "--port", "0", *(["--model", model] if model else [])]
    process = subprocess.Popen(
        [sys.executable, "-m", "bioner", *words], stderr=subprocess.PIPE, text=True
    )
    try:
        assert process.stderr is not None
        for line in process.stderr:
            if line.startswith("serving "):
                break
        port = int(line.strip().rsplit(":", 1)[1])
        threading.Thread(target=process.stderr.read, daemon=True).start()
        while ask(port, "x")[0] != 200:
            time.sleep(0.2)
        yield port, psutil.Process(process.pid)
    finally:
        process.terminate()
        process.wait()


def ask(port: int, text: str, timeout_s: float = 600) -> tuple[int, dict[str, str]]:
    """Ask once; return the status and the headers."""
    connection = HTTPConnection("127.0.0.1", port, timeout=timeout_s)
    try:
        connection.request("POST", "/predict", json.dumps({"text": text}))
        answer = connection.getresponse()
        answer.read()
        return answer.status, {name.lower(): value for name, value in answer.getheaders()}
    finally:
        connection.close()


def waits(port: int, seconds: float) -> list[float]:
    """Ask with a sentence, again and again; return how long each took, in ms."""
    found = []
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        began = time.perf_counter()
        status, _ = ask(port, SENTENCE)
        assert status == 200
        found.append(1000 * (time.perf_counter() - began))
    return sorted(found)


@contextmanager
def beside(port: int, text: str) -> Iterator[list[float]]:
    """Let another client ask with a text, again and again; give how long each took, in s."""
    is_over = threading.Event()
    took: list[float] = []

    def work() -> None:
        while not is_over.is_set():
            began = time.perf_counter()
            ask(port, text)
            took.append(time.perf_counter() - began)

    thread = threading.Thread(target=work)
    thread.start()
    time.sleep(1)
    yield took
    is_over.set()
    thread.join()


def told(name: str, found: list[float]) -> float:
    """Print one row and return the 95th percentile, in ms."""
    p95 = found[int(0.95 * (len(found) - 1))]
    middle = statistics.median(found)
    print(f"{name:34} {len(found):5} {middle:9.1f} {p95:9.1f} {found[-1]:9.1f}", flush=True)
    return p95


def broken_off(port: int, process: psutil.Process, text: str) -> float:
    """Break a long request off; return after how many seconds the service was at rest."""
    body = json.dumps({"text": text}).encode()
    with socket.create_connection(("127.0.0.1", port)) as left:
        head = f"POST /predict HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: {len(body)}\r\n\r\n"
        left.sendall(head.encode() + body)
        time.sleep(2)
    began = time.monotonic()
    while time.monotonic() - began < 60:
        used = sum(process.cpu_times()[:2])
        time.sleep(0.5)
        if sum(process.cpu_times()[:2]) - used < 0.05:
            break
    return time.monotonic() - began - 0.5


def crowd(port: int) -> Counter[str]:
    """Let more clients ask at once than may wait; count the answers by what they are."""

    def one(_: int) -> str:
        status, headers = ask(port, SENTENCE)
        return f"{status}, Retry-After {headers['retry-after']}" if status == 503 else str(status)

    with ThreadPoolExecutor(CLIENTS) as pool:
        return Counter(pool.map(one, range(CLIENTS)))


def main() -> int:
    """Parse the options, measure, print; exit 1 if a target is missed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--model", default="", help="else the one in use")
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--long", type=int, default=1_000_000, help="characters of the long text")
    options = parser.parse_args()
    long = (SENTENCE + " ") * (options.long // (len(SENTENCE) + 1))
    with served(options.model) as (port, process):
        print(f"load average {os.getloadavg()[0]:.1f}, {os.cpu_count()} cores; ms of a sentence:")
        print(f"{'':34} {'times':>5} {'median':>9} {'p95':>9} {'longest':>9}")
        alone = told("alone", waits(port, options.seconds))
        with beside(port, SENTENCE):
            told("beside another's sentences", waits(port, options.seconds))
        with beside(port, long) as took:
            held = told(f"beside a text of {len(long):,}", waits(port, options.seconds))
        print(f"the long text took {took[0]:.1f} s")
        rest = broken_off(port, process, long)
        print(f"a long text whose client left: at rest after {rest:.1f} s")
        answers = crowd(port)
        print(f"{CLIENTS} at once: " + "; ".join(f"{n} × {said}" for said, n in answers.items()))
    is_kept = (
        held <= SLOWER * alone
        and rest <= ENDS_S
        and set(answers)
        <= {
            "200",
            "503, Retry-After 1",
        }
    )
    print(f"fairness: {held / alone:.2f} times as long beside a long text: {is_kept=}")
    return 0 if is_kept else 1


if __name__ == "__main__":
    raise SystemExit(main())
