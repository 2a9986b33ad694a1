#!/usr/bin/env python3
"""Lets long queues gather, kills the broker, and watches them drain and expire.

  Tests/Durability/backlog.py [--messages 1000000] [--broker PATH]

Two lasting sessions are away while messages of 200 bytes come for both. After kill -9 one session
comes back and drains: every message arrives, in order, while the broker's memory grows by no more
than 100 MiB. The other one expires: its queue goes in the background, nobody waits for that longer
than a second, and the file shrinks again.
"""
import argparse
import pathlib
import sys
import tempfile
import time

import wire
from broker import Broker, verdict
from wire import Client, Failure

ROOT = pathlib.Path(__file__).resolve().parents[2]
PAYLOAD_BYTES = 200
GROWTH_LIMIT_BYTES = 100 << 20
WINDOW = 1000
EXPIRY_SECONDS = 4


class Sender(Client):
    def __init__(self):
        super().__init__("sender", True, expiry=0, clean=True)
        self.window, self.sent = WINDOW, 0

    def work(self, count):
        while self.is_connected and self.sent < count and len(self.unanswered) < self.limit:
            self.sent += 1
            self.publish("backlog/a", b"%0*d" % (PAYLOAD_BYTES, self.sent), 1)


class Reader(Client):
    def __init__(self):
        super().__init__("reader", False)
        self.last = 0

    def arrived(self, topic, payload, qos, is_duplicate, is_retained):
        number = int(payload)
        if number > self.last + 1:
            raise Failure(f"message {number} comes after {self.last}")
        self.last = max(self.last, number)


class Watch(Client):
    """Knows how long the broker takes to answer at worst."""

    def __init__(self):
        super().__init__("watch", True, expiry=0, clean=True)
        self.worst, self.asked_at = 0, None

    def work(self):
        now = time.monotonic()
        if self.asked_at and not self.pings:
            self.worst = max(self.worst, now - self.asked_at)
            self.asked_at = None
        if self.is_connected and not self.asked_at:
            self.asked_at = now
            self.ping()


class Scene:
    def __init__(self, broker):
        self.broker, self.clients = broker, []

    def connect(self, *clients):
        for client in clients:
            client.open(self.broker.port)
            self.clients.append(client)
        self.until("CONNACK", lambda: all(client.is_connected for client in clients))

    def until(self, what, condition, work=lambda: None, seconds=60):
        end = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > end:
                raise Failure(f"{what}: still not so after {seconds} s")
            work()
            wire.turn([client for client in self.clients if client.socket], 0.02)

    def resident(self):
        fields = pathlib.Path(f"/proc/{self.broker.process.pid}/statm").read_text().split()
        return int(fields[1]) * 4096

    def peak(self):
        lines = pathlib.Path(f"/proc/{self.broker.process.pid}/status").read_text().splitlines()
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM"))

    def file_bytes(self):
        return (self.broker.data / "broker.sqlite").stat().st_size


def run(scene, count):
    broker = scene.broker
    broker.start()
    broker.wait()
    before = scene.resident()
    reader, mortal, sender = Reader(), Client("mortal", True, expiry=EXPIRY_SECONDS), Sender()
    scene.connect(reader, mortal)
    for client in (reader, mortal):
        client.subscribe("backlog/#", 1)
    scene.until("SUBACK", lambda: not reader.requests and not mortal.requests)
    reader.disconnect()
    start = time.monotonic()
    scene.connect(sender)
    scene.until("PUBACK for all", lambda: sender.sent == count and not sender.unanswered,
                lambda: sender.work(count), 60 + count / 1000)
    sender.disconnect()
    # It never acknowledged anything, so all of it waits for this session too.
    mortal.close()
    print(f"{count} messages for two sessions in {time.monotonic() - start:.1f} s, resident "
          f"{before >> 20} -> {scene.resident() >> 20} MiB, at most {scene.peak() >> 20} MiB")
    broker.kill()
    full = scene.file_bytes()

    start = time.monotonic()
    broker.start()
    broker.wait()
    watch = Watch()
    scene.connect(watch)
    print(f"serves {time.monotonic() - start:.1f} s after kill -9, resident "
          f"{scene.resident() >> 20} MiB, file {full >> 20} MiB")
    start = time.monotonic()
    scene.connect(reader)
    scene.until("all messages", lambda: reader.last == count, watch.work, 60 + count / 1000)
    print(f"drained in {time.monotonic() - start:.1f} s, at most {scene.peak() >> 20} MiB resident")
    if scene.peak() - before > GROWTH_LIMIT_BYTES:
        raise Failure(f"memory grew by {scene.peak() - before >> 20} MiB")
    scene.until("the end of the other session",
                lambda: "its session expired" in broker.log_text(), watch.work)
    scene.until("a smaller file", lambda: scene.file_bytes() < full / 4 + (4 << 20), watch.work,
                60 + count / 1000)
    print(f"file {scene.file_bytes() >> 20} MiB, longest wait for PINGRESP {watch.worst:.2f} s")
    if watch.worst > 1:
        raise Failure(f"a client waited {watch.worst:.2f} s for PINGRESP")
    broker.stop()


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--messages", type=int, default=1_000_000)
    parser.add_argument("--broker", default=str(ROOT / ".build/release/mqtt"))
    options = parser.parse_args()
    work = pathlib.Path(tempfile.mkdtemp(prefix="mqtt-backlog-"))
    broker = Broker(options.broker, work)
    return verdict(broker, work, lambda: run(Scene(broker), options.messages))


if __name__ == "__main__":
    sys.exit(main())
