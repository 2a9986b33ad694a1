#!/usr/bin/env python3
"""Measures `mqtt broker` against Debian's mosquitto, and prints the README's table of performance.

  Tests/Benchmark/benchmark.py [--rounds 5] [--seconds 3] [--broker PATH] [--only WORD]

Each run has a fresh broker, the two take turns, and the table has medians. What counts is the
processor time that the broker's process took for each delivered message: it depends little on
what else the machine does, and says how much load a machine can carry.

Nothing is needed but Python 3, mosquitto (`.ci/setup --tests`) and `.build/release/mqtt`
(`swift build -c release`). The load comes from generator.py beside this file. With

  --load-generator PATH, or the environment variable MQLOAD

it comes from the program `mqload` instead, where you have that; it is faster than Python, so that
the brokers come nearer to their limits. Traffic stays on the loopback interface.
"""
import argparse
import datetime
import json
import os
import pathlib
import platform
import resource
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time

import generator

ROOT = pathlib.Path(__file__).resolve().parents[2]
TICKS = os.sysconf("SC_CLK_TCK")

# Label, how our generator makes the load, how mqload makes it.
MESSAGES = [
    ("1 publisher to 100 subscribers, QoS 0", (1, 100, 0), "-P 1 -S 100"),
    ("50 publishers to 1 subscriber, QoS 0", (50, 1, 0), "-P 50 -S 1"),
    ("50 pairs, QoS 1, 20 in flight", (50, 50, 1, 20), "-P 50 -S 50 --topics pairs -q 1 -w 20"),
    ("50 pairs, QoS 2, 20 in flight", (50, 50, 2, 20), "-P 50 -S 50 --topics pairs -q 2 -w 20"),
    ("50 pairs, QoS 1, 1 in flight", (50, 50, 1, 1), "-P 50 -S 50 --topics pairs -q 1 -w 1"),
]
IDLE_CLIENTS = 2000


class Meter:
    """What a process has used, from /proc."""

    def __init__(self, identifier):
        self.folder = pathlib.Path(f"/proc/{identifier}")

    def seconds(self):
        fields = (self.folder / "stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / TICKS

    def resident_bytes(self):
        pages = int((self.folder / "statm").read_text().split()[1])
        return pages * resource.getpagesize()

    def start(self):
        self.at_start = self.seconds()

    def stop(self):
        return self.seconds() - self.at_start


class Broker:
    """A broker that runs for one measurement."""

    def __init__(self, command):
        with socket.create_server(("127.0.0.1", 0)) as probe:
            self.port = probe.getsockname()[1]
        # The store is part of what is measured, as users have it.
        self.folder = tempfile.mkdtemp(prefix="mqtt-benchmark-")
        command = [
            part.replace("PORT", str(self.port)).replace("FOLDER", self.folder) for part in command
        ]
        self.process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        self.meter = Meter(self.process.pid)

    def __enter__(self):
        for _ in range(500):
            try:
                socket.create_connection(("127.0.0.1", self.port)).close()
                time.sleep(0.2)
                return self
            except OSError:
                if self.process.poll() is not None:
                    break
                time.sleep(0.02)
        raise SystemExit(f"{self.process.args[0]} does not serve port {self.port}")

    def __exit__(self, *_):
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)


def run_mqload(options, broker, arguments):
    command = [options.load_generator, *arguments, "-p", str(broker.port), "--json"]
    command += ["--broker-pid", str(broker.process.pid)]
    result = subprocess.run(command, capture_output=True, text=True, timeout=300)
    if result.returncode:
        raise generator.Failure(result.stderr.strip()[-300:])
    found = json.loads(result.stdout.strip().splitlines()[-1])
    return {
        "microseconds": found.get("broker_cpu_s_per_million"),
        "per_second": found.get("throughput"),
        "bytes": found.get("bytes_per_conn"),
    }


def scenarios(options):
    """Label, unit, and what measures it."""
    seconds = options.seconds
    for label, ours, theirs in MESSAGES:
        if options.load_generator:
            arguments = ["pubsub", *theirs.split(), "-d", str(seconds)]
            arguments += ["--max-outstanding", "20000"] if "-q" in arguments else []
            yield label, "microseconds", lambda b, a=arguments: run_mqload(options, b, a)
        else:
            yield label, "microseconds", lambda b, a=ours: generator.run_messages(
                b.port, b.meter, seconds, *a
            )
    if options.load_generator:
        storm = ["connect", "-N", "10000", "--inflight", "100", "--disconnect"]
        yield "a connection made and ended", "microseconds", lambda b: run_mqload(options, b, storm)
        idle = ["idle", "-N", "15000", "--hold", "3"]
        yield "an idle connection", "bytes", lambda b: run_mqload(options, b, idle)
    else:
        yield "a connection made and ended", "microseconds", lambda b: generator.run_connects(
            b.port, b.meter, seconds
        )
        yield "an idle connection", "bytes", lambda b: generator.run_idle(
            b.port, b.meter, IDLE_CLIENTS
        )


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=3)
    parser.add_argument("--broker", default=str(ROOT / ".build/release/mqtt"))
    parser.add_argument("--only", default="", help="measure only what has this word in its name")
    parser.add_argument("--load-generator", default=os.environ.get("MQLOAD"))
    options = parser.parse_args()
    mosquitto = shutil.which("mosquitto", path=os.environ.get("PATH", "") + ":/usr/sbin")
    if not mosquitto:
        sys.exit("mosquitto is missing; run .ci/setup --tests")
    if not os.access(options.broker, os.X_OK):
        sys.exit(f"{options.broker} is missing; run swift build -c release")
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit))
    brokers = {
        "mqtt": [options.broker, "broker", "--quiet", "-p", "PORT", "--data", "FOLDER"],
        "mosquitto": [mosquitto, "-p", "PORT"],
    }
    results = {}
    for round_number in range(options.rounds):
        for label, unit, measure in scenarios(options):
            if options.only not in label:
                continue
            for name, command in brokers.items():
                print(f"round {round_number + 1}: {label}: {name}", file=sys.stderr)
                with Broker(command) as broker:
                    try:
                        found = measure(broker)
                    except generator.Failure as failure:
                        sys.exit(f"{name}, {label}: {failure}")
                results.setdefault((label, unit), {}).setdefault(name, []).append(found)
    print_table(results, options)


def print_table(results, options):
    def median(runs, key):
        values = [run[key] for run in runs if run.get(key)]
        return statistics.median(values) if values else None

    print(f"{datetime.date.today()}, {os.cpu_count()} cores, {platform.release()}, medians of")
    kind = "mqload" if options.load_generator else "generator.py"
    print(f"{options.rounds} rounds of {options.seconds:g} s, load from {kind}, 64-byte payloads\n")
    print("| broker's processor time for each message | mqtt | mosquitto | of mosquitto's | mqtt, "
          "messages/s |\n|---|---:|---:|---:|---:|")
    for (label, unit), runs in results.items():
        ours, theirs = median(runs["mqtt"], unit), median(runs["mosquitto"], unit)
        rate = median(runs["mqtt"], "per_second")
        if unit == "microseconds":
            cells = f"{ours:.2f} µs | {theirs:.2f} µs | 1/{theirs / ours:.1f}"
        else:
            cells = f"{ours:,.0f} B | {theirs:,.0f} B | 1/{theirs / ours:.1f}"
        print(f"| {label} | {cells} | {f'{rate:,.0f}' if rate else ''} |")


if __name__ == "__main__":
    main()
