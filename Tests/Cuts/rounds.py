#!/usr/bin/env python3
"""Cuts the connections of `mqtt pub` and counts what arrives.

  Tests/Cuts/rounds.py [--rounds 5] [--lines 5000] [--cuts 5] [--bytes 20000] [--seed N]
                       [--program PATH]

Each round publishes numbered lines with `pub -l` through a proxy that cuts the first connections,
once for each QoS, version, session (clean or kept) and broker (ours and mosquitto). What arrived is
counted at the broker by mosquitto_sub, and held against what pub promised and said:

  QoS 0       nothing twice, and no more lost than pub said
  QoS 1       nothing lost
  QoS 2       nothing lost, nothing twice; where the session went with the connection (3.1.1 without
              -c) no more of either than pub said

The exit status of pub is 8 where it said so, otherwise 0. Exit status: 0 passed, 1 failed.
"""
import argparse
import collections
import itertools
import pathlib
import random
import re
import subprocess
import sys
import tempfile
import time

from proxy import CuttingProxy

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.append(str(ROOT / "Tests" / "Sidecars"))
from sidecars import Failure, free_port, is_listening  # noqa: E402

PATIENCE_SECONDS = 60
SAID = {
    "lost": "may be lost because",
    "twice": "may have come twice because",
}


def wait_for(condition, what):
    end = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        if time.monotonic() > end:
            raise Failure(f"{what} has not come true within {PATIENCE_SECONDS} s")
        time.sleep(0.01)


class Broker:
    def __init__(self, name, program, folder):
        self.name, self.port = name, free_port()
        if name == "mosquitto":
            file = folder / "mosquitto.conf"
            file.write_text(
                f"user root\nlistener {self.port} 127.0.0.1\nallow_anonymous true\n"
                "max_queued_messages 0\n")
            words = ["/usr/sbin/mosquitto", "-c", file]
        else:
            words = [program, "broker", "-p", str(self.port), "--memory"]
        self.process = subprocess.Popen(
            words, stdout=subprocess.DEVNULL, stderr=open(folder / f"{name}.log", "wb"))
        wait_for(lambda: is_listening(self.port), f"{name} serving")


class Arrivals:
    """What mosquitto_sub receives at the broker itself."""

    def __init__(self, port, topic, folder):
        self.port, self.topic = port, topic
        self.file = folder / "arrived"
        self.process = subprocess.Popen(
            ["stdbuf", "-oL", "mosquitto_sub", "-p", str(port), "-q", "2", "-t", topic, "-d"],
            stdout=open(self.file, "wb"), stderr=subprocess.STDOUT)
        wait_for(lambda: b"Subscribed" in self.file.read_bytes(), "the subscription")

    def counts(self):
        """How often each line came, after a last one that nothing overtakes."""
        subprocess.run(
            ["mosquitto_pub", "-p", str(self.port), "-q", "2", "-t", self.topic, "-m", "end"],
            check=True)
        wait_for(lambda: b"\nend\n" in self.file.read_bytes(), "the last line coming")
        self.process.kill()
        self.process.wait()
        lines = self.file.read_text().split("\n")
        return collections.Counter(int(line) for line in lines if line.isdigit())


def publish(options, broker, proxy, case, number):
    qos, version, kept = case
    words = [options.program, "pub", "-h", "127.0.0.1", "-p", str(proxy.port), "-t", f"cut/{number}",
             "-l", "-q", str(qos), "-V", version]
    if kept:
        words += ["-i", f"cut-{number}", "-c"] + (["-x", "600"] if version == "5" else [])
    process = subprocess.Popen(words, stdin=subprocess.PIPE, stderr=subprocess.PIPE)
    try:
        # Line by line all would be under way before the first cut is noticed.
        for start in range(0, options.lines, max(1, options.lines // 10)):
            end = min(options.lines, start + max(1, options.lines // 10))
            process.stdin.write("".join(f"{line}\n" for line in range(start, end)).encode())
            process.stdin.flush()
            time.sleep(0.02)
        text = process.communicate(timeout=PATIENCE_SECONDS)[1].decode()
        return process.returncode, text
    finally:
        process.kill()


def said(text, what):
    return sum(int(count) for count in re.findall(rf"{SAID[what]}.*: (\d+)\n", text))


def judge(case, lines, status, text, counts):
    """Returns a few words; fails where pub kept neither its promise nor the truth."""
    qos, version, kept = case
    lost = sum(1 for line in range(lines) if line not in counts)
    twice = sum(count - 1 for count in counts.values())
    told_lost, told_twice = said(text, "lost"), said(text, "twice")
    may_tell = qos == 0 or (qos == 2 and version == "311" and not kept)
    if not may_tell and told_lost + told_twice > 0:
        raise Failure(f"it said too much: {text}")
    if lost > told_lost:
        raise Failure(f"{lost} lost, {told_lost} said: {text}")
    if qos != 1 and twice > told_twice:
        raise Failure(f"{twice} twice, {told_twice} said: {text}")
    expected = 8 if told_lost + told_twice > 0 else 0
    if status != expected:
        raise Failure(f"status {status} instead of {expected}: {text}")
    return f"{lost} lost of {told_lost} said, {twice} twice of {told_twice} said"


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--lines", type=int, default=5000)
    parser.add_argument("--cuts", type=int, default=5)
    parser.add_argument("--bytes", type=int, default=20_000, help="of a connection, on average")
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 32))
    parser.add_argument("--program", default=str(ROOT / ".build/release/mqtt"))
    options = parser.parse_args()
    chance = random.Random(options.seed)
    cases = list(itertools.product([0, 1, 2], ["311", "5"], [False, True]))
    with tempfile.TemporaryDirectory(prefix="mqtt-cuts-") as name:
        folder = pathlib.Path(name)
        brokers = [Broker(name, options.program, folder) for name in ("ours", "mosquitto")]
        number = cut_count = 0
        try:
            for _ in range(options.rounds):
                for broker, case in itertools.product(brokers, cases):
                    number += 1
                    about = f"{broker.name}, QoS {case[0]}, {case[1]}, {'kept' if case[2] else 'clean'}"
                    sizes = [chance.randrange(100, 2 * options.bytes) for _ in range(options.cuts)]
                    proxy = CuttingProxy(broker.port, sizes)
                    arrivals = Arrivals(broker.port, f"cut/{number}", folder)
                    try:
                        status, text = publish(options, broker, proxy, case, number)
                        words = judge(case, options.lines, status, text, arrivals.counts())
                    except (Failure, subprocess.TimeoutExpired) as failure:
                        print(f"FAILED: {about}: {failure}; seed {options.seed}")
                        return 1
                    finally:
                        proxy.close()
                        arrivals.process.kill()
                    cut_count += proxy.cut_count
                    print(f"{about}: {proxy.cut_count} cuts, {words}", flush=True)
        finally:
            for broker in brokers:
                broker.process.kill()
    print(f"passed: {number} runs, {cut_count} cuts; seed {options.seed}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
