#!/usr/bin/env python3
"""Kills the broker with SIGKILL again and again, and holds it to everything it has promised.

  Tests/Durability/rounds.py [--rounds 1000] [--seed N] [--broker PATH] [--disk real|forgets|lies]

In each round publishers at QoS 1 and 2, with windows of 1 and 100, and lasting subscribers speak
with a broker that is killed at a random moment and started again on the same data. What the clients
saw before is held against what they get after:

  - every message whose publisher saw PUBACK or PUBCOMP arrives; at QoS 2 exactly once; in order
  - a session, a subscription, a retained message that was acknowledged is there
  - the will of a connection that was cut is published, once, not before its delay; the will of a
    client that came back in time is not

With `--disk forgets` the broker runs on a disk that loses what was not synced (disk.c), and after
each kill a random part of that is taken back, as a power cut would. This needs an executable that
is linked dynamically: the debug build. `--disk lies` is a disk whose syncs do nothing, which no
broker can survive: it shows that the judge can say no, and so does `--option=--sync=off` with a
disk that forgets.

The last line is the verdict, with the seed. Exit status: 0 passed, 1 failed.
"""
import argparse
import collections
import os
import pathlib
import random
import shutil
import sys
import tempfile
import time

import wire
from broker import Broker
from wire import Client, Failure, Will

ROOT = pathlib.Path(__file__).resolve().parents[2]
PATIENCE_SECONDS = 60


class Publisher(Client):
    """Numbers its messages."""

    def __init__(self, name, is_v5, qos, window):
        super().__init__(name, is_v5)
        self.qos, self.window = qos, window
        self.topic = f"m/{name}"
        self.sent = 0
        self.acknowledged_count = 0

    def acknowledged(self, tag):
        self.acknowledged_count += 1

    def work(self, most):
        while self.is_connected and len(self.unanswered) < self.limit and self.sent < most:
            self.sent += 1
            self.publish(self.topic, b"%d" % self.sent, self.qos)


class Subscriber(Client):
    """Remembers for each topic what has come."""

    def __init__(self, name, is_v5, qos, filters, presence=1.0, is_lazy=False):
        super().__init__(name, is_v5)
        self.qos, self.filters, self.presence, self.is_lazy = qos, filters, presence, is_lazy
        self.seen = collections.defaultdict(set)
        self.last = collections.defaultdict(int)
        self.is_subscribed = False
        self.repeats = 0

    def subscribe_first(self):
        for topic in self.filters:
            self.subscribe(topic, self.qos, self.note_subscribed)

    def note_subscribed(self):
        self.is_subscribed = True

    def arrived(self, topic, payload, qos, is_duplicate, is_retained):
        number = int(payload)
        seen = self.seen[topic]
        if number in seen:
            self.repeats += 1
            if qos == 2:
                raise Failure(f"{self.name}: {topic} {number} came twice at QoS 2")
            return
        seen.add(number)
        if number < self.last[topic]:
            raise Failure(f"{self.name}: {topic} {number} came after {self.last[topic]}")
        self.last[topic] = number


class Retainer(Client):
    """Retains versions of a few topics, and removes them."""

    TOPICS = 12

    def __init__(self, chance):
        super().__init__("retainer", True)
        self.chance, self.window = chance, 10
        self.version = 0
        # What may be retained: what was acknowledged last, and what was sent since.
        self.possible = {topic: [b""] for topic in range(self.TOPICS)}
        self.reader = None

    def work(self):
        while self.is_connected and len(self.unanswered) < self.limit:
            self.version += 1
            topic = self.chance.randrange(self.TOPICS)
            value = b"" if self.chance.random() < 0.25 else b"%d" % self.version
            self.possible[topic].append(value)
            if self.reader:
                self.reader.possible[topic].append(value)
            self.publish(f"r/{topic}", value, 1, tag=(topic, value), retain=True)

    def acknowledged(self, tag):
        topic, value = tag
        values = self.possible[topic]
        del values[:values.index(value)]


class RetainedReader(Client):
    """Reads everything that is retained, once."""

    def __init__(self, name, retainer):
        super().__init__(name, True, expiry=0, clean=True)
        self.retainer = retainer
        self.values = {}
        self.has_asked = self.has_all = False

    def work(self):
        if self.is_connected and not self.has_asked:
            self.has_asked = True
            # What is retained while this is asked may be found or not.
            self.possible = {t: list(values) for t, values in self.retainer.possible.items()}
            self.retainer.reader = self
            self.subscribe("r/#", 0, self.ping)

    def arrived(self, topic, payload, qos, is_duplicate, is_retained):
        if is_retained:
            self.values[int(topic.split("/")[1])] = payload

    @property
    def is_done(self):
        return self.has_asked and self.is_connected and not self.requests and self.pings == 0


class Changer(Client):
    """Subscribes and unsubscribes, and knows which of it was acknowledged."""

    def __init__(self, chance):
        super().__init__("changer", True)
        self.chance = chance
        self.filters = {}  # number -> True, False, or None while nobody knows
        self.tokens = set()
        self.count = 0

    def work(self):
        if not self.is_connected or len(self.requests) > 5:
            return
        known = [number for number, state in self.filters.items() if state]
        if known and self.chance.random() < 0.4:
            number = self.chance.choice(known)
            self.filters[number] = None
            self.unsubscribe(f"s/{number}", lambda: self.filters.update({number: False}))
        else:
            self.count += 1
            number = self.count
            self.filters[number] = None
            self.subscribe(f"s/{number}", 1, lambda: self.filters.update({number: True}))

    def arrived(self, topic, payload, qos, is_duplicate, is_retained):
        self.tokens.add((topic, payload))


class Witness(Subscriber):
    """Sees the wills."""

    def __init__(self):
        super().__init__("witness", True, 2, ["w/#"])
        self.wills = {}

    def arrived(self, topic, payload, qos, is_duplicate, is_retained):
        if payload in self.wills and qos == 2:
            raise Failure(f"the will {payload.decode()} was published twice")
        self.wills[payload] = time.monotonic()


class Campaign:
    """All rounds, with the clients that live through them."""

    def __init__(self, options, work):
        self.options = options
        self.chance = random.Random(options.seed)
        self.broker = Broker(options.broker, work, options.disk != "real", options.option)
        if options.disk == "lies":
            self.broker.set_disk("l")
        chance = self.chance
        self.publishers = [
            Publisher(f"p{qos}-{window}", chance.random() < 0.5, qos, window)
            for qos in (1, 2) for window in (1, 100)]
        self.subscribers = [
            Subscriber("always-2", True, 2, ["m/#"]),
            Subscriber("always-1", False, 1, ["m/+"]),
            Subscriber("lazy-2", chance.random() < 0.5, 2, ["m/#"], is_lazy=True),
            Subscriber("lazy-1", True, 1, ["m/#"], is_lazy=True),
            Subscriber("seldom-2", False, 2, ["m/#"], presence=0.2),
            Subscriber("seldom-1", True, 1, ["m/#"], presence=0.3),
        ]
        self.retainer = Retainer(chance)
        self.changer = Changer(chance)
        self.witness = Witness()
        self.returner = Client("returner", True, will=Will("w/never", "returner", 1, 3000))
        self.lasting = (self.publishers + self.subscribers
                        + [self.retainer, self.changer, self.witness, self.returner])
        self.clients = []
        self.wills_expected = {}  # payload -> not before
        self.counts = collections.Counter()
        self.round = 0

    def turn(self, seconds=0.02):
        wire.turn(self.clients, seconds)

    def until(self, what, condition, work=lambda: None):
        end = time.monotonic() + PATIENCE_SECONDS
        while not condition():
            if time.monotonic() > end:
                raise Failure(f"{what}: still not so after {PATIENCE_SECONDS} s")
            if self.broker.process.poll() is not None:
                raise Failure(f"the broker ended with {self.broker.process.returncode}")
            work()
            self.turn()

    def connect(self, clients):
        for client in clients:
            client.open(self.broker.port)
        self.clients = [client for client in self.clients if client.socket] + list(clients)

    # The first start, and the round

    def begin(self):
        self.broker.start()
        self.broker.wait()
        self.connect(self.lasting)
        self.until("CONNACK to all", lambda: all(c.is_connected for c in self.lasting))
        for client in self.subscribers + [self.witness]:
            client.subscribe_first()
        self.until("SUBACK to all", lambda: not any(c.requests for c in self.lasting))

    def run_round(self):
        chance = self.chance
        self.round += 1
        self.clients = []
        # Some kills hit the broker while it starts, or before it has let everybody in.
        if chance.random() < 0.1:
            time.sleep(chance.random() * 0.1)
            return self.cut([])
        self.broker.wait()
        present = [c for c in self.lasting if chance.random() < getattr(c, "presence", 1)]
        self.connect(present)
        reader = RetainedReader(f"reader-{self.round}", self.retainer)
        mortals = [
            Client(
                f"mortal-{self.round}-{number}", True, expiry=20, clean=True,
                will=Will(
                    f"w/{number}", f"{self.round}-{number}", 2, chance.choice([0, 0, 1, 2])))
            for number in range(3)]
        self.connect([reader] + mortals)
        start = time.monotonic()
        end = start + chance.choice([0.02, 0.1, 0.3]) + chance.random() * 0.15
        breaks = start + chance.random()
        while time.monotonic() < end:
            self.work()
            self.turn(0.005)
            if reader.socket:
                reader.work()
                if reader.is_done:
                    self.judge_retained(reader)
            if time.monotonic() > breaks:
                breaks = end
                victim = chance.choice(self.subscribers)
                if victim.socket:
                    victim.close()
                    self.connect([victim])
        self.cut(mortals)

    def work(self):
        for publisher in self.publishers:
            publisher.work(publisher.acknowledged_count + 5000)
        self.retainer.work()
        self.changer.work()
        for client in self.subscribers:
            if client.is_lazy and self.chance.random() < 0.1:
                client.answer_now()

    def cut(self, mortals):
        """The crash. What the broker wrote into a socket before it counts as said."""
        self.broker.kill()
        now = time.monotonic()
        for client in self.clients:
            client.drain()
        for client in mortals:
            if client.was_let_in:
                self.wills_expected[client.will.payload.encode()] = now + client.will.delay
        if self.options.disk != "real":
            self.counts["writes taken back"] += self.broker.cut_power(self.chance)
        self.counts["kills"] += 1
        self.broker.start()

    # Judging

    def judge_retained(self, reader):
        for topic, values in reader.possible.items():
            found = reader.values.get(topic, b"")
            if found not in values:
                raise Failure(f"r/{topic} retains {found}, expected one of {values[:5]}")
        self.counts["looks at what is retained"] += 1
        reader.disconnect()

    def settle(self):
        """Lets everything come to rest, and judges all of it."""
        self.broker.wait()
        self.clients = []
        self.connect(self.lasting)

        def work():
            for client in self.subscribers:
                client.answer_now()

        self.until("CONNACK to all", lambda: all(c.is_connected for c in self.lasting), work)
        self.until("acknowledgements to all publishers",
                   lambda: not any(c.unanswered for c in self.publishers + [self.retainer]), work)
        self.until_all_arrived(work)
        self.judge_subscriptions(work)
        reader = RetainedReader(f"reader-{self.round}-settled", self.retainer)
        self.connect([reader])
        self.until("all retained messages", lambda: reader.is_done, reader.work)
        self.judge_retained(reader)
        self.judge_wills(work)
        # Repeats that are still on their way would come before the answer to this.
        for client in self.subscribers:
            client.ping()
        self.until("PINGRESP to all", lambda: not any(c.pings > 0 for c in self.subscribers), work)

    def until_all_arrived(self, work):
        def missing():
            return [(s, p) for s in self.subscribers for p in self.publishers
                    if len(s.seen[p.topic]) < p.sent]

        try:
            self.until("all messages", lambda: not missing(), work)
        except Failure as failure:
            lines = []
            for subscriber, publisher in missing():
                lost = sorted(set(range(1, publisher.sent + 1)) - subscriber.seen[publisher.topic])
                lines.append(
                    f"{subscriber.name} has not got {len(lost)} of {publisher.topic}, which were "
                    f"acknowledged: {lost[:10]}")
            raise Failure(f"{failure}; " + "; ".join(lines))

    def judge_subscriptions(self, work):
        changer = self.changer
        # The fate of what was not acknowledged is open: it is settled now.
        for number, state in list(changer.filters.items()):
            if state is None:
                changer.unsubscribe(
                    f"s/{number}", lambda n=number: changer.filters.update({n: False}))
        self.until("UNSUBACK", lambda: not changer.requests, work)
        token = f"token-{self.round}".encode()
        for number in changer.filters:
            self.retainer.publish(f"s/{number}", token, 1, tag=(0, self.retainer.possible[0][0]))
        expected = {(f"s/{n}", token) for n, state in changer.filters.items() if state}
        self.until("tokens to all acknowledged subscriptions", lambda: expected <= changer.tokens,
                   work)
        self.until("PUBACK", lambda: not self.retainer.unanswered, work)
        changer.ping()
        self.until("PINGRESP", lambda: changer.pings == 0, work)
        surplus = {t for t in changer.tokens if t[1] == token} - expected
        if surplus:
            raise Failure(f"messages came for unsubscribed filters: {sorted(surplus)[:5]}")
        self.counts["subscriptions found"] += len(expected)
        changer.tokens.clear()
        changer.filters = {n: s for n, s in sorted(changer.filters.items())[-200:] if s}

    def judge_wills(self, work):
        wills = self.witness.wills
        self.until(
            "the wills of all connections that the crash cut",
            lambda: all(will in wills for will in self.wills_expected), work)
        for will, earliest in self.wills_expected.items():
            if wills[will] < earliest - 0.05:
                raise Failure(f"the will {will.decode()} came {earliest - wills[will]:.2f} s early")
        if b"returner" in wills:
            raise Failure("the will of a client that came back in time was published")
        self.counts["wills"] += len(self.wills_expected)
        self.wills_expected = {}

    def run(self):
        self.begin()
        self.cut([])
        last = time.monotonic()
        for number in range(1, self.options.rounds + 1):
            self.run_round()
            if number % self.options.settle_every == 0 or number == self.options.rounds:
                self.settle()
                if number < self.options.rounds:
                    self.cut([])
                if self.options.verbose or time.monotonic() - last > 30:
                    last = time.monotonic()
                    print(f"{number} rounds: {self.summary()}", file=sys.stderr, flush=True)
        self.broker.stop()

    def summary(self):
        sent = sum(publisher.sent for publisher in self.publishers)
        repeats = sum(subscriber.repeats for subscriber in self.subscribers)
        counts = ", ".join(f"{count} {what}" for what, count in self.counts.items())
        return (f"{sent} messages to each of {len(self.subscribers)} subscribers, {repeats} "
                f"repeats at QoS 1, {counts}")


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=int.from_bytes(os.urandom(4), "big"))
    parser.add_argument("--broker", default=str(ROOT / ".build/release/mqtt"))
    parser.add_argument("--disk", choices=["real", "forgets", "lies"], default="real")
    parser.add_argument("--option", action="append", default=[], help="an option for the broker")
    parser.add_argument("--settle-every", type=int, default=25, metavar="ROUNDS")
    parser.add_argument("--patience", type=float, default=PATIENCE_SECONDS, metavar="SECONDS")
    parser.add_argument("--keep", action="store_true", help="keep data and log when it fails")
    parser.add_argument("-v", "--verbose", action="store_true")
    options = parser.parse_args()
    globals()["PATIENCE_SECONDS"] = options.patience
    work = pathlib.Path(tempfile.mkdtemp(prefix="mqtt-rounds-"))
    campaign = Campaign(options, work)
    start = time.monotonic()
    failure = None
    try:
        campaign.run()
    except Failure as found:
        failure = found
    finally:
        if campaign.broker.process and campaign.broker.process.poll() is None:
            campaign.broker.kill()
    seconds = time.monotonic() - start
    if failure:
        print(campaign.broker.log_text()[-3000:], file=sys.stderr)
    if not (failure and options.keep):
        shutil.rmtree(work, ignore_errors=True)
    else:
        print(f"data and log are in {work}", file=sys.stderr)
    print(f"{campaign.round} rounds in {seconds:.0f} s: {campaign.summary()}")
    if failure:
        print(f"FAILED in round {campaign.round} with --seed {options.seed}: {failure}")
        return 1
    print(f"PASSED with --seed {options.seed}: nothing that was acknowledged was lost, nothing at "
          "QoS 2 came twice")
    return 0


if __name__ == "__main__":
    sys.exit(main())
