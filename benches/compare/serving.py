"""Comparisons of running servers: scrapes, memory, start, and how soon a line is seen."""

import os
import shutil
import statistics
import subprocess
import threading
import time
import urllib.request

from measure import processor_seconds, resident_kb

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BINARY = os.path.join(TOP, "target/release/logmetrics")
SERIES = 100_000
SCRAPES = 40
RULE = """
[[rule]]
match = 'user=(?P<user>\\S+) route=(?P<route>\\S+) status=(?P<status>\\d+)'
metric = [{ counter = "requests_by_user", by = ["user", "route", "status"], limit = 200000 }]

[rule.labels]
user = { from = "user", max_values = 200000 }
"""
MTAIL = """counter requests_by_user by user, route, status
/user=(?P<user>\\S+) route=(?P<route>\\S+) status=(?P<status>\\d+)/ {
  requests_by_user[$user][$route][$status]++
}
"""


class Server:
    """A program that follows a log and answers on a port."""

    def __init__(self, command, port, core=None):
        pin = ["taskset", "-c", str(core)] if core is not None else []
        self.url = f"http://127.0.0.1:{port}/metrics"
        self.process = subprocess.Popen([*pin, *command], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()

    def scrape(self):
        """The whole page."""
        return urllib.request.urlopen(self.url, timeout=60).read()

    def until(self, condition, seconds=120):
        """Waits until the page meets a condition."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                raise SystemExit(f"{self.process.args} ended with {self.process.returncode}")
            try:
                if condition(self.scrape()):
                    return
            except OSError:
                pass
            time.sleep(0.05)
        raise SystemExit(f"{self.url} did not come to what was waited for")


def logmetrics(rules, port, *logs, core=None):
    """logmetrics on a port."""
    return Server([BINARY, "--listen", f"127.0.0.1:{port}", "--rules", rules, *logs], port, core)


def mtail(program, port, log):
    """mtail on a port."""
    command = ["mtail", "--address", "127.0.0.1", "--port", str(port), "--progs", program, "--logs", log]
    return Server(command, port)


def prepare(bench):
    """A log that makes 100 000 series, and the rule and program that do."""
    rules, program, log = bench.path("series.toml"), bench.path("series.mtail"), bench.path("series.log")
    for path, text in ((rules, RULE), (program, MTAIL)):
        with open(path, "w") as file:
            file.write(text)
    with open(log, "w") as file:
        for number in range(SERIES):
            file.write(f"user=first.last{number // 10}@example.com route=default/anthropic-claude-{number % 5} status={200 + number % 10 // 5}\n")
    return rules, program, log


def complete(page):
    """Whether all series are on the page."""
    return page.count(b"\nrequests_by_user{") == SERIES


def series(bench):
    """A scrape of 100 000 series, and the memory they take."""
    rules, program, log = prepare(bench)
    figures = {}
    with logmetrics(rules, 19301, log) as server:
        server.until(complete)
        figures["logmetrics"] = scrapes(server), resident_kb(server.process.pid)
    if shutil.which("mtail"):
        with mtail(program, 19302, log) as server:
            # mtail begins at the end of a log that is there before it.
            server.until(lambda page: True)
            text = open(log, "rb").read()
            with open(log, "ab") as file:
                file.write(text)
            server.until(complete)
            figures["mtail"] = scrapes(server), resident_kb(server.process.pid)
    bench.raw["series"] = figures
    ours = figures["logmetrics"]
    theirs = figures.get("mtail")
    against = f"; mtail {theirs[0] * 1000:.0f} ms, {theirs[0] / ours[0]:.0f} ×" if theirs else ""
    bench.row("100 000 series: one scrape, server's processor time", "≤ 15 ms, ≥ 20 ×", f"{ours[0] * 1000:.1f} ms{against}")
    against = f"; mtail {theirs[1] / 1000:.0f} MB" if theirs else ""
    bench.row("100 000 series: resident memory", "≤ 40 MB", f"{ours[1] / 1000:.1f} MB{against}")


def scrapes(server):
    """Processor seconds of one scrape, over many."""
    begin = processor_seconds(server.process.pid)
    for _ in range(SCRAPES):
        server.scrape()
    return (processor_seconds(server.process.pid) - begin) / SCRAPES


def scraped_while_reading(bench):
    """Reading a large file, with and without ten scrapes a second of 100 000 series."""
    rules, _, log = prepare(bench)
    both = bench.path("both.toml")
    with open(both, "w") as file:
        # Under another name: the two rules have other labels.
        regex = open(os.path.join(TOP, "rules/agentgateway-regex.toml")).read().split("[[test]]")[0]
        file.write(RULE + regex.replace('counter = "requests_by_user"', 'counter = "requests_by_email"'))
    speeds = {True: [], False: []}
    for round_number in range(bench.rounds):
        for scraping in (False, True):
            speeds[scraping].append(read_speed(bench, both, log, 19310 + round_number % 7, scraping))
    bench.raw["scraped_while_reading"] = {"scraped": speeds[True], "alone": speeds[False]}
    share = statistics.median(a / b for a, b in zip(speeds[True], speeds[False]))
    bench.row("reading while scraped 10 times a second (100 000 series)", "≥ 0.8", f"{share:.2f} of the speed")


def read_speed(bench, rules, log, port, scraping):
    """Bytes a second through the large file that appears after the series are there."""
    late = bench.path("late.log")
    if os.path.lexists(late):
        os.remove(late)
    size = os.path.getsize(bench.path("ordered.log"))
    with logmetrics(rules, port, log, late, core=bench.core) as server:
        server.until(complete)
        stop = threading.Event()

        def scrape():
            while not stop.wait(0.1):
                server.scrape()

        thread = threading.Thread(target=scrape)
        if scraping:
            thread.start()
        # Asked before there is anything to read: a fast reader has begun before the next question.
        io = f"/proc/{server.process.pid}/io"
        done = int(open(io).read().split()[1]) + size
        begin = time.monotonic()
        os.link(bench.path("ordered.log"), late)
        while int(open(io).read().split()[1]) < done:
            time.sleep(0.002)
        seconds = time.monotonic() - begin
        stop.set()
        if scraping:
            thread.join()
    return size / seconds


def start(bench):
    """From the start of the process to the first answered scrape."""
    rules = os.path.join(TOP, "rules/agentgateway.toml")
    times = []
    for number in range(20):
        port = 19330 + number
        begin = time.perf_counter()
        with logmetrics(rules, port, bench.path("nothing.log")) as server:
            while True:
                try:
                    server.scrape()
                    break
                except OSError:
                    time.sleep(0.0005)
            times.append(time.perf_counter() - begin)
    bench.raw["start"] = times
    bench.row("start to first answered scrape", "≤ 30 ms", f"{statistics.median(times) * 1000:.0f} ms (highest {max(times) * 1000:.0f} ms)")


def visible(bench):
    """From a line being written to its count being on /metrics, at 1 000 lines a second."""
    rules, _, _ = prepare(bench)
    log = bench.path("visible.log")
    open(log, "w").close()
    delays = []
    with logmetrics(rules, 19360, log) as server, open(log, "a", buffering=1) as file:
        server.until(lambda page: True)
        begin = time.monotonic()
        for number in range(1, 5001):
            written = time.perf_counter()
            file.write(f"user=u route=r status=200\n")
            if number % 10 == 0:
                wanted = f'requests_by_user{{route="r",status="200",user="u"}} {number}\n'.encode()
                while wanted not in server.scrape():
                    pass
                delays.append(time.perf_counter() - written)
            rest = begin + number / 1000 - time.monotonic()
            if rest > 0:
                time.sleep(rest)
    bench.raw["visible"] = delays
    delays.sort()
    bench.row("written to visible, 99th percentile at 1 000 lines/s", "≤ 10 ms", f"{delays[int(len(delays) * 0.99)] * 1000:.1f} ms (scrape included)")


def stream(bench):
    """Memory while ten gigabytes go through standard input."""
    rules = os.path.join(TOP, "rules/agentgateway-regex.toml")
    log = bench.path("ordered.log")
    feed = subprocess.Popen(f"while cat {log}; do :; done | head -c 10000000000", shell=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    command = [BINARY, "--listen", "127.0.0.1:19361", "--exit-on-eof", "--rules", rules]
    process = subprocess.Popen(command, stdin=feed.stdout, stderr=subprocess.DEVNULL)
    feed.stdout.close()
    highest = 0
    while process.poll() is None:
        try:
            highest = max(highest, resident_kb(process.pid))
        except (OSError, TypeError):
            break
        time.sleep(0.05)
    process.wait()
    feed.wait()
    bench.raw["stream_kb"] = highest
    bench.row("resident memory during a 10 GB stream", "≤ 20 MB", f"{highest / 1000:.1f} MB")


COMPARISONS = {
    "series": series,
    "scraped_while_reading": scraped_while_reading,
    "start": start,
    "visible": visible,
    "stream": stream,
}
