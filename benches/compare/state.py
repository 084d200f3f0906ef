"""What `--state` costs: the same work with and without it, pair by pair."""

import os
import shutil
import subprocess
import tempfile
import time
import urllib.request

from measure import Cost, median, processor_seconds, ratio, resident_kb, run

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BINARY = os.path.join(TOP, "target/release/logmetrics")
PORT = 39_119


def to_the_end(arguments, log, core, is_piped=False):
    """`--once` over a log, as a file or from a pipe; with `--state` where arguments say so."""
    if not is_piped:
        return run([BINARY, "--once", *arguments, log], core)[0]
    other = (core + 1) % (os.cpu_count() or 1)
    with subprocess.Popen(["taskset", "-c", str(other), "cat", log], stdout=subprocess.PIPE) as cat:
        return run([BINARY, "--once", *arguments, "-"], core, stdin=cat.stdout)[0]


def followed(arguments, log, core):
    """A daemon from its start until all that exists is read."""
    command = ["taskset", "-c", str(core), BINARY, "--listen", f"127.0.0.1:{PORT}", *arguments, log]
    begin = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        while not is_ready():
            if process.poll() is not None:
                raise SystemExit(f"{' '.join(command)}: ended with {process.returncode}")
            time.sleep(0.002)
        wall = time.perf_counter() - begin
        return Cost(wall, processor_seconds(process.pid), resident_kb(process.pid))
    finally:
        process.kill()
        process.wait()


def is_ready():
    """Whether the daemon has read what was there."""
    try:
        return urllib.request.urlopen(f"http://127.0.0.1:{PORT}/readyz", timeout=5).status == 200
    except OSError:
        return False


def with_state(work, *arguments, **named):
    """The same work with a state that does not exist yet."""
    folder = tempfile.mkdtemp(prefix="logmetrics-state-")
    try:
        return work(["--state", os.path.join(folder, "state.db")], *arguments, **named)
    finally:
        shutil.rmtree(folder)


def state(bench):
    """The built-in rules on the gateway's lines: to the end, from a pipe, and followed."""
    log = bench.path("gateway.log")
    for what, work, named in (
        ("to the end", to_the_end, {}),
        ("from a pipe", to_the_end, {"is_piped": True}),
        ("followed", followed, {}),
    ):
        costs = bench.time(
            f"state, {what}",
            without=lambda: work([], log, bench.core, **named),
            kept=lambda: with_state(work, log, bench.core, **named),
        )
        wall, cpu = (ratio(costs["kept"], costs["without"], of) for of in ("wall", "cpu"))
        bench.row(
            f"`--state`, {what}: time, and processor time",
            "≤ 1.05 ×",
            f"{wall:.3f} ×, {cpu:.3f} × ({median(costs['kept']):.3f} s against {median(costs['without']):.3f} s)",
        )


COMPARISONS = {"state": state}
