#!/usr/bin/env python3
"""Fills, breaks and write-protects the disk below a running broker, and looks at what it does.

  Tests/Durability/outage.py BROKER

What needs no disk is served, what does is refused, that is said once and under $SYS, a client that
cannot be told is named in the log, and when the disk is back the broker goes on by itself with
everything that it has acknowledged. BROKER is an executable that is linked dynamically, because the
disk is disk.c.
"""
import pathlib
import sys
import tempfile
import time

import wire
from broker import Broker, verdict
from wire import Client, Failure

PATIENCE_SECONDS = 30
QUOTA_EXCEEDED = 0x97
DISKS = {"f": "is full", "e": "fails to sync", "r": "is read-only"}


class Guest(Client):
    """A client that takes refusals as answers."""

    def __init__(self, name, is_v5=True, clean=True):
        super().__init__(name, is_v5, expiry=0 if clean else 3600, clean=clean)
        self.codes = {}
        self.refusal = None
        self.messages = []

    def handle(self, first, body):
        kind = first >> 4
        if kind == wire.PUBACK:
            number = body[0] << 8 | body[1]
            if self.unanswered.pop(number, None):
                self.codes[number] = body[2] if len(body) > 2 else 0
        elif kind == wire.CONNACK and body[1]:
            self.refusal = body[1]
        else:
            super().handle(first, body)

    def arrived(self, topic, payload, qos, is_duplicate, is_retained):
        if payload not in self.messages:
            self.messages.append(payload)


class Scene:
    def __init__(self, broker):
        self.broker, self.clients = broker, []

    def until(self, what, condition, seconds=PATIENCE_SECONDS):
        end = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > end:
                raise Failure(f"{what}: still not so after {seconds} s")
            wire.turn(self.clients, 0.02)

    def connect(self, client):
        client.open(self.broker.port)
        self.clients = [c for c in self.clients if c.socket and c is not client] + [client]
        self.until(f"an answer to {client.name}",
                   lambda: client.is_connected or client.refusal or not client.socket)
        return client

    def publish(self, client, topic, payload):
        """The reason code of PUBACK; None when the connection ended instead."""
        before = set(client.codes)
        client.publish(topic, payload, 1)
        self.until("PUBACK or the end", lambda: set(client.codes) - before or not client.socket)
        codes = set(client.codes) - before
        client.unanswered.clear()
        return client.codes[codes.pop()] if codes else None


def outage(scene, letter, acknowledged):
    broker = scene.broker
    name = f"a disk that {DISKS[letter]}"
    sender = scene.connect(Guest(f"sender-{letter}"))
    reader = scene.connect(Guest(f"reader-{letter}"))
    reader.subscribe("b/#", 1)
    watcher = scene.connect(Guest(f"watcher-{letter}"))
    watcher.subscribe("$SYS/broker/store/failing", 0)
    old = scene.connect(Guest(f"old-{letter}", is_v5=False))
    scene.until("SUBACK", lambda: not reader.requests and not watcher.requests)
    scene.until("that the store works", lambda: watcher.messages == [b"0"])
    errors = broker.log_text().count("Z the store failed:")

    broker.set_disk(letter)
    # The first message finds the disk as it is: its connection ends, or it is refused.
    if scene.publish(sender, "a/1", b"first " + letter.encode()) == 0:
        raise Failure(f"{name}: PUBACK says success")
    sender = scene.connect(Guest(f"again-{letter}"))
    for number in range(20):
        code = scene.publish(sender, "a/1", b"refused")
        if code != QUOTA_EXCEEDED:
            raise Failure(f"{name}: PUBACK says {code}")
    lasting = scene.connect(Guest(f"lasting-{letter}", clean=False))
    if lasting.refusal != QUOTA_EXCEEDED:
        raise Failure(f"{name}: a lasting session got CONNACK {lasting.refusal}")
    if scene.publish(sender, "b/1", b"at QoS 1") != 0:
        raise Failure(f"{name}: a message between clean sessions was refused")
    sender.publish("b/1", b"at QoS 0", 0)
    scene.until("messages that need no disk", lambda: len(reader.messages) == 2)
    scene.until("that the store fails", lambda: watcher.messages == [b"0", b"1"])
    old.publish("a/1", b"unanswered", 1)
    hangs = f'old-{letter}: its PUBLISH at QoS 1 to "a/1" is not answered while the store fails'
    scene.until("a log line that names who waits", lambda: hangs in broker.log_text())
    time.sleep(1)
    if not old.unanswered:
        raise Failure(f"{name}: a client of 3.1.1 got an answer")
    if broker.log_text().count("Z the store failed:") != errors + 1:
        raise Failure(f"{name}: the log does not say it once: {broker.log_text()}")

    broker.set_disk("-")
    backs = broker.log_text().count("the store is back")
    scene.until("a log line that the store is back",
                lambda: broker.log_text().count("the store is back") > backs, 10)
    payload = b"after " + letter.encode()
    if scene.publish(sender, "a/1", payload) != 0:
        raise Failure(f"{name}: it does not go on")
    acknowledged.append(payload)


def prove(broker):
    scene = Scene(broker)
    broker.start()
    broker.wait()
    away = scene.connect(Guest("away", clean=False))
    away.subscribe("a/#", 1)
    scene.until("SUBACK", lambda: not away.requests)
    away.disconnect()
    acknowledged = []
    for letter in DISKS:
        outage(scene, letter, acknowledged)
    broker.kill()
    broker.start()
    broker.wait()
    scene.connect(away)
    scene.until("what was acknowledged", lambda: set(acknowledged) <= set(away.messages))
    found = [payload for payload in away.messages if payload in acknowledged]
    if found != acknowledged or b"refused" in away.messages:
        raise Failure(f"{away.messages} came")
    broker.stop()


def main():
    work = pathlib.Path(tempfile.mkdtemp(prefix="mqtt-outage-"))
    broker = Broker(sys.argv[1], work, has_disk=True)
    return verdict(broker, work, lambda: prove(broker))


if __name__ == "__main__":
    sys.exit(main())
