"""Runs commands as whole processes and says what they cost."""

import os
import re
import statistics
import subprocess
import threading
import time
from dataclasses import dataclass


@dataclass
class Cost:
    """One run: seconds on the clock, seconds of processor time, kilobytes at most."""

    wall: float
    cpu: float
    memory_kb: int


def run(command, core, stdin=None, stdout=subprocess.DEVNULL):
    """Runs one command on one core to its end; what it costs, and what it printed where asked for."""
    full = ["taskset", "-c", str(core), *command]
    begin = time.perf_counter()
    process = subprocess.Popen(full, stdin=stdin, stdout=stdout, stderr=subprocess.DEVNULL)
    # What the system says of a process's highest memory includes what it was forked from, so it is
    # looked at from outside.
    highest = [0]
    sampler = threading.Thread(target=sample_memory, args=(process.pid, highest))
    sampler.start()
    output = process.stdout.read() if stdout == subprocess.PIPE else b""
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.perf_counter() - begin
    sampler.join()
    if status != 0:
        raise SystemExit(f"{' '.join(command)}: ended with status {status}")
    return Cost(wall, usage.ru_utime + usage.ru_stime, highest[0]), output


def sample_memory(pid, highest):
    """Keeps the highest memory of a process until it ends."""
    while True:
        try:
            highest[0] = max(highest[0], resident_kb(pid))
        except (OSError, TypeError):
            return
        time.sleep(0.01)


def rounds(number, **commands):
    """Runs every command in turn, `number` times; a list of costs for each name."""
    costs = {name: [] for name in commands}
    for _ in range(number):
        for name, command in commands.items():
            costs[name].append(command())
    return costs


def median(costs, what="wall"):
    """The median of one figure."""
    return statistics.median(getattr(cost, what) for cost in costs)


def ratio(slow, fast, what="wall"):
    """The median of the ratios, pair by pair, so that a drift of the machine's speed cancels out."""
    return statistics.median(getattr(a, what) / getattr(b, what) for a, b in zip(slow, fast))


def processor_seconds(pid):
    """What a running process has used so far."""
    fields = open(f"/proc/{pid}/stat").read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def resident_kb(pid):
    """What a running process holds in memory now."""
    return int(re.search(r"VmRSS:\s+(\d+)", open(f"/proc/{pid}/status").read())[1])
