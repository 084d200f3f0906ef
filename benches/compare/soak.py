#!/usr/bin/env python3
"""Follows a busy, rotated log for a long time: is memory flat, is every line counted?

    benches/compare/soak.py --binary target/release/logmetrics --minutes 30 --out soak.jsonl

A gateway writes at a fixed rate and goes on in the old file for half a second after each rotation,
as a program does that reopens its log late. The rotator moves app.log to app.log.1, that to
app.log.2, and so on, and drops the oldest. Prometheus' part is a scrape every 15 seconds. Each
second a sample of the process goes to --out; the last line there is the verdict. Exit code 0: the
count of each label equals the lines written.
"""

import argparse
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import time
import urllib.request

LINE = (
    "2026-11-23T15:18:33.229071Z\tinfo\trequest gateway=default/default listener=http "
    "route=default/{route} endpoint=10.0.0.{host}:8080 src.addr=10.1.0.7:51234 http.method=POST "
    "http.host=gateway.example http.path=/v1/chat/completions http.version=HTTP/1.1 "
    'http.status={status} http.header.x-user-email="{user}@example.com" protocol=llm '
    "gen_ai.operation.name=chat gen_ai.request.model=some-model gen_ai.usage.input_tokens=1234 "
    "gen_ai.usage.output_tokens=321 duration={duration}ms\n"
)
SERIES = re.compile(r'^requests_by_user\{route="([^"]*)",status="(\d+)",user_email="([^"]*)"\} (\d+)$')
BLOCKS_PER_SECOND = 50
SCRAPE_SECONDS = 15
GOES_ON_SECONDS = 0.5


def pool(size):
    """Distinct lines with their labels, as a page shows them."""
    lines, labels = [], []
    for number in range(size):
        user, route = f"user{number % 997}", f"route-{number % 5}"
        status = ("200", "200", "200", "429", "500")[number % 7 % 5]
        lines.append(
            LINE.format(user=user, route=route, status=status, host=number % 9, duration=number % 900)
        )
        labels.append((f"default/{route}", status, f"{user}@example.com"))
    return lines, labels


class Process:
    """The program under test."""

    def __init__(self, binary, folder, state):
        command = [binary, "--listen", "127.0.0.1:0", str(folder / "app.log")]
        if state:
            command += ["--state", str(folder / "state.db")]
        self.log = (folder / "said").open("w+")
        self.child = subprocess.Popen(command, stderr=self.log, stdin=subprocess.DEVNULL)
        deadline = time.monotonic() + 30
        while not (found := re.search(r"listening on (http://[\d.:]+)", self.said())):
            if time.monotonic() > deadline:
                sys.exit(f"it does not listen:\n{self.said()}")
            time.sleep(0.02)
        self.url = found.group(1)

    def said(self):
        return pathlib.Path(self.log.name).read_text()

    def page(self):
        with urllib.request.urlopen(self.url + "/metrics", timeout=30) as answer:
            return answer.read().decode()

    def sample(self):
        """Kibibytes resident, and of these not of files; seconds of processor."""
        status = pathlib.Path(f"/proc/{self.child.pid}/status").read_text()
        kib = {name: int(value) for name, value in re.findall(r"(\w+):\s+(\d+) kB", status)}
        ticks = pathlib.Path(f"/proc/{self.child.pid}/stat").read_text().rsplit(")", 1)[1].split()
        seconds = (int(ticks[11]) + int(ticks[12])) / os.sysconf("SC_CLK_TCK")
        descriptors = len(os.listdir(f"/proc/{self.child.pid}/fd"))
        return {"rss_kib": kib["VmRSS"], "anonymous_kib": kib["RssAnon"],
                "processor_s": seconds, "descriptors": descriptors}


class Writer:
    """The gateway and its rotator."""

    def __init__(self, folder, keep):
        self.path, self.keep = folder / "app.log", keep
        self.file = self.path.open("ab", buffering=0)
        self.reopen_at = None
        self.rotations = 0

    def write(self, block):
        if self.reopen_at is not None and time.monotonic() >= self.reopen_at:
            self.file = self.path.open("ab", buffering=0)
            self.reopen_at = None
        written = 0
        while written < len(block):
            written += self.file.write(block[written:])

    def rotate(self):
        name = lambda number: self.path.with_name(f"app.log.{number}")
        for number in range(self.keep - 1, 0, -1):
            if name(number).exists():
                name(number).rename(name(number + 1))
        self.path.rename(name(1))
        self.path.touch()
        self.reopen_at = time.monotonic() + GOES_ON_SECONDS
        self.rotations += 1


def counts(page):
    found = {}
    for line in page.splitlines():
        if match := SERIES.match(line):
            found[match.groups()[:3]] = int(match.group(4))
    return found


def wanted(labels, written):
    rounds, rest = divmod(written, len(labels))
    expected = {}
    for number, label in enumerate(labels):
        expected[label] = expected.get(label, 0) + rounds + (number < rest)
    return {label: count for label, count in expected.items() if count}


def follow(options, process, writer, out):
    """Writes and samples until the time is over; gives the number of lines and the samples."""
    lines, labels = pool(7 * 997)
    per_block = options.rate // BLOCKS_PER_SECOND
    begun = time.monotonic()
    end, written, samples = begun + options.minutes * 60, 0, []
    next_sample, next_scrape, next_rotation = begun + 1, begun + SCRAPE_SECONDS, begun + options.rotate
    while (now := time.monotonic()) < end:
        due = int((now - begun) * BLOCKS_PER_SECOND) * per_block
        if written >= due:
            time.sleep(0.5 / BLOCKS_PER_SECOND)
        while written < due:
            first = written % len(lines)
            block = lines[first : first + per_block]
            writer.write("".join(block).encode())
            written += len(block)
        if now >= next_rotation:
            writer.rotate()
            next_rotation += options.rotate
        if now >= next_scrape:
            process.page()
            next_scrape += SCRAPE_SECONDS
        if now >= next_sample:
            sample = {"second": round(now - begun), "lines": written, **process.sample()}
            samples.append(sample)
            print(json.dumps(sample), file=out, flush=True)
            next_sample += 1
    return written, labels, samples


def mean(samples, key):
    return round(sum(sample[key] for sample in samples) / max(1, len(samples)))


def verdict(options, process, written, labels, samples):
    expected = wanted(labels, written)
    deadline = time.monotonic() + 60
    while sum((found := counts(process.page())).values()) < written and time.monotonic() < deadline:
        time.sleep(0.2)
    time.sleep(2)
    found = counts(process.page())
    wrong = [key for key in {*expected, *found} if expected.get(key) != found.get(key)]
    window = min(300, options.minutes * 60 / 3)
    first = [one for one in samples if one["second"] <= window]
    last = [one for one in samples if one["second"] > options.minutes * 60 - window]
    return {
        "lines_written": written, "lines_counted": sum(found.values()),
        "series": len(found), "series_wrong": len(wrong), "wrong": sorted(wrong)[:5],
        "window_s": window,
        "first": {key: mean(first, key) for key in ("rss_kib", "anonymous_kib", "descriptors")},
        "last": {key: mean(last, key) for key in ("rss_kib", "anonymous_kib", "descriptors")},
        "most_rss_kib": max(one["rss_kib"] for one in samples),
        "processor_share": round(samples[-1]["processor_s"] / samples[-1]["second"], 3),
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--binary", default="target/release/logmetrics")
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--rate", type=int, default=20_000, help="lines a second")
    parser.add_argument("--rotate", type=float, default=15, help="seconds between rotations")
    parser.add_argument("--keep", type=int, default=5, help="rotated files that stay")
    parser.add_argument("--no-state", action="store_true")
    parser.add_argument("--out", default="/dev/stdout")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="logmetrics-soak-") as folder:
        folder = pathlib.Path(folder)
        writer = Writer(folder, options.keep)
        process = Process(options.binary, folder, not options.no_state)
        try:
            with open(options.out, "a") as out:
                written, labels, samples = follow(options, process, writer, out)
                said = verdict(options, process, written, labels, samples)
                said["rotations"], said["said_lines"] = writer.rotations, process.said().count("\n")
                print(json.dumps(said), file=out, flush=True)
        finally:
            process.child.terminate()
            process.child.wait(30)
    sys.exit(said["series_wrong"] != 0)


if __name__ == "__main__":
    main()
