#!/usr/bin/env python3
"""Measures what durability costs: `mqtt broker` with its store, on the disk of this directory.

  Tests/Benchmark/durable.py [--rounds 5] [--seconds 5] [--broker PATH] [--folder DIR] [-- OPTIONS]

  - QoS 1 messages acknowledged a second, to one lasting subscriber that is away: 50 publishers with
    100 in flight, 64-byte payloads; and how often that is what a broker reaches that syncs each
    message by itself: an append and an fdatasync a message, on the same disk
  - the time from PUBLISH to PUBACK at 1,000 messages a second, for a subscriber that is away
  - the same two without the store (`--memory`)

Medians of the rounds. OPTIONS go to the broker. Needs Python 3 and `swift build -c release`.
"""
import argparse
import os
import pathlib
import select
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time

import generator
from benchmark import Meter, ROOT
from generator import Client, Failure, packet, publish_packet, text

PUBLISHERS, WINDOW = 50, 100


class Broker:
    """A broker that runs for one measurement, on a fresh directory."""

    def __init__(self, options, is_durable):
        with socket.create_server(("127.0.0.1", 0)) as probe:
            self.port = probe.getsockname()[1]
        self.folder = tempfile.mkdtemp(prefix="mqtt-durable-", dir=options.folder)
        command = [options.broker, "broker", "--quiet", "-p", str(self.port),
                   "--max-queued-messages", "100000000", "--max-queued-bytes", "0"]
        command += ["--data", self.folder] if is_durable else ["--memory"]
        self.process = subprocess.Popen(command + options.options, stdin=subprocess.DEVNULL)
        self.meter = Meter(self.process.pid)

    def __enter__(self):
        for _ in range(500):
            try:
                socket.create_connection(("127.0.0.1", self.port)).close()
                return self
            except OSError:
                if self.process.poll() is not None:
                    break
                time.sleep(0.02)
        raise SystemExit("the broker does not serve")

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(60)
        shutil.rmtree(self.folder, ignore_errors=True)


def leave_session(port):
    """A lasting session that is subscribed to everything, and away."""
    with socket.create_connection(("127.0.0.1", port)) as client:
        client.sendall(packet(0x10, text("MQTT") + b"\x04\x00\x00\x00" + text("away")))
        client.sendall(packet(0x82, b"\x00\x01" + text("load/#") + b"\x01"))
        answer = b""
        while len(answer) < 9:
            answer += client.recv(9)
        client.sendall(b"\xe0\x00")
    time.sleep(0.3)


class Publisher(Client):
    """Keeps a window of messages in flight, and counts the bytes of PUBACK."""

    def start(self, topic):
        packets = [publish_packet(topic, 1, index + 1) for index in range(WINDOW)]
        self.size = len(packets[0])
        self.stream = b"".join(packets) * 2
        self.received = self.at = 0
        self.socket.setblocking(False)
        self.send(self.stream[:WINDOW * self.size])

    def receive(self, data):
        before, self.received = self.received // 4, self.received + len(data)
        count = self.received // 4 - before
        while count:
            part = min(count, WINDOW)
            self.send(self.stream[self.at * self.size:(self.at + part) * self.size])
            self.at = (self.at + part) % WINDOW
            count -= part


def throughput(broker, seconds):
    leave_session(broker.port)
    poller = select.epoll()
    publishers = {}
    for number in range(PUBLISHERS):
        publisher = Publisher(broker.port, f"p{number}")
        publishers[publisher.socket.fileno()] = publisher
        poller.register(publisher.socket, select.EPOLLIN)
    for number, publisher in enumerate(publishers.values()):
        publisher.start(f"load/{number:04}")

    def run(until):
        while time.monotonic() < until:
            for number, _ in poller.poll(0.1):
                data = publishers[number].socket.recv(1 << 18)
                if not data:
                    raise Failure("the broker closed a connection")
                publishers[number].receive(data)
            for publisher in publishers.values():
                if publisher.unsent:
                    publisher.send(b"")

    run(time.monotonic() + 0.5)
    before, start = sum(p.received for p in publishers.values()), time.monotonic()
    broker.meter.start()
    run(start + seconds)
    elapsed = time.monotonic() - start
    count = (sum(p.received for p in publishers.values()) - before) / 4
    for publisher in publishers.values():
        publisher.socket.close()
    return {"per_second": count / elapsed, "microseconds": broker.meter.stop() * 1e6 / count}


def latency(broker, seconds, rate=1000):
    leave_session(broker.port)
    client = Client(broker.port, "p")
    packets = [publish_packet("load/0000", 1, index + 1) for index in range(1000)]
    count, sent, done = int(rate * seconds), 0, 0
    start = time.monotonic() + 0.01
    at, times, rest = {}, [], b""
    broker.meter.start()
    while done < count:
        now = time.monotonic()
        while sent < count and start + sent / rate <= now:
            # What is late is counted from when it should have gone.
            at[sent % 1000] = start + sent / rate
            client.socket.sendall(packets[sent % 1000])
            sent += 1
        wait = start + sent / rate - time.monotonic() if sent < count else 5
        # Unlike epoll, select waits for fractions of a millisecond.
        if not select.select([client.socket], [], [], max(0, wait))[0]:
            if sent == count:
                raise Failure("acknowledgements are missing")
            continue
        data = rest + client.socket.recv(1 << 16)
        now = time.monotonic()
        rest = data[len(data) // 4 * 4:]
        for position in range(0, len(data) - 3, 4):
            number = int.from_bytes(data[position + 2:position + 4], "big") - 1
            times.append((now - at.pop(number)) * 1000)
            done += 1
    times.sort()
    return {"p50": times[count // 2], "p99": times[count * 99 // 100],
            "p999": times[count * 999 // 1000], "microseconds": broker.meter.stop() * 1e6 / count}


def single_syncs(folder, seconds):
    """Messages a second of a broker that writes and syncs each by itself: at best."""
    data = bytes(generator.PAYLOAD_BYTES + 36)
    with tempfile.NamedTemporaryFile(dir=folder) as file:
        count, start = 0, time.monotonic()
        while time.monotonic() - start < seconds:
            os.write(file.fileno(), data)
            os.fdatasync(file.fileno())
            count += 1
        return {"per_second": count / (time.monotonic() - start)}


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--broker", default=str(ROOT / ".build/release/mqtt"))
    parser.add_argument("--folder", default=".", help="where the data directories are made")
    parser.add_argument("options", nargs="*", metavar="OPTIONS")
    options = parser.parse_args()
    if not os.access(options.broker, os.X_OK):
        sys.exit(f"{options.broker} is missing; run swift build -c release")
    results = {}
    for number in range(options.rounds):
        for name, is_durable in (("with the store", True), ("--memory", False)):
            print(f"round {number + 1}: {name}", file=sys.stderr)
            with Broker(options, is_durable) as broker:
                found = throughput(broker, options.seconds)
            results.setdefault((name, "throughput"), []).append(found)
            with Broker(options, is_durable) as broker:
                found = latency(broker, options.seconds)
            results.setdefault((name, "latency"), []).append(found)
        results.setdefault(("single", "throughput"), []).append(single_syncs(options.folder, 1))

    def median(name, what, key):
        return statistics.median(result[key] for result in results[name, what])

    print(f"\nmedians of {options.rounds} rounds of {options.seconds:g} s, "
          f"{os.cpu_count()} cores\n")
    print("| QoS 1 to a lasting subscriber that is away | with the store | `--memory` |")
    print("|---|---:|---:|")
    names = ("with the store", "--memory")
    rows = [
        (f"{PUBLISHERS} publishers, {WINDOW} in flight: acknowledged/s", "throughput", "per_second",
         "{:,.0f}"),
        ("processor time for each", "throughput", "microseconds", "{:.2f} µs"),
        ("PUBACK at 1,000 messages/s: p50", "latency", "p50", "{:.2f} ms"),
        ("p99", "latency", "p99", "{:.2f} ms"),
        ("p99.9", "latency", "p999", "{:.2f} ms"),
    ]
    for label, what, key, form in rows:
        print(f"| {label} | " + " | ".join(form.format(median(n, what, key)) for n in names) + " |")
    single = median("single", "throughput", "per_second")
    ratio = median("with the store", "throughput", "per_second") / single
    print(f"\nA sync for each message by itself: {single:,.0f}/s at best; with the store "
          f"{ratio:.1f} times that.")


if __name__ == "__main__":
    main()
