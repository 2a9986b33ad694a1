#!/usr/bin/env python3
"""Kills broker and sidecars with SIGKILL again and again, and counts the rows.

  Tests/Sidecars/rounds.py [--rounds 200] [--seed N] [--program PATH] [--rows 300]

An application inserts numbered rows into an outbox. `mqtt pub --outbox` publishes them, a broker
that keeps its data passes them on, `mqtt sub --sqlite` makes rows of them in another database. In
each round one, two or all three of these are killed at a random moment and started again, in any
order and by either version of the protocol. At the end each number must be in the second database
exactly once, and they must have come in their order.

The last line is the verdict, with the seed. Exit status: 0 passed, 1 failed.
"""
import random
import sqlite3
import sys
import time

from sidecars import Failure, Process, ask, free_port, is_listening, verdict, wait_for


class Course:
    """One run: three processes, two databases."""

    @staticmethod
    def add_options(parser):
        parser.add_argument("--rounds", type=int, default=200)
        parser.add_argument("--rows", type=int, default=300, help="most rows of a round")

    def __init__(self, options, folder):
        self.options, self.folder = options, folder
        self.random = random.Random(options.seed)
        self.port = free_port()
        version = self.random.choice(["5", "311"])
        connection = ["-p", self.port, "-V", version]
        program = options.program
        self.broker = Process(
            "broker", [program, "broker", "-p", self.port, "--data", folder / "data"], folder)
        self.sub = Process(
            "sub", [program, "sub", "dev/#", *connection, "--sqlite", folder / "readings.db",
                    "--table", "readings", "--columns", "n=$.n"], folder)
        self.pub = Process(
            "pub", [program, "pub", *connection, "--outbox", folder / "app.db",
                    "--create-table"], folder)
        self.all = [self.broker, self.sub, self.pub]
        self.inserted = 0
        self.kills = {process.name: 0 for process in self.all}

    def begin(self):
        self.broker.start()
        wait_for(lambda: is_listening(self.port), "the broker serving", [self.broker])
        self.sub.start()
        # Only what is published after the subscription is owed.
        wait_for(self.is_subscribed, "the subscription", [self.sub])
        self.pub.start()
        wait_for(self.has_outbox, "the outbox being made", [self.pub])
        self.app = sqlite3.connect(self.folder / "app.db", timeout=60)

    def is_subscribed(self):
        return self.ask("readings.db", "SELECT subscriptions FROM mqtt_session") not in ([], [("",)])

    def has_outbox(self):
        return self.ask("app.db", "SELECT 1 FROM sqlite_master WHERE name = 'outbox'") != []

    def ask(self, file, question):
        return ask(self.folder / file, question)

    def insert(self, count):
        """As an application does: some rows in one transaction, some alone."""
        end = self.inserted + count
        while self.inserted < end:
            with self.app:
                for _ in range(self.random.choice([1, 1, 5, 50])):
                    if self.inserted == end:
                        break
                    self.app.execute(
                        "INSERT INTO outbox(topic, payload) VALUES(?, ?)",
                        (f"dev/{self.inserted % 7}", '{"n": %d}' % self.inserted))
                    self.inserted += 1

    def victims(self):
        """Who is killed next."""
        return self.random.choice(
            [[self.sub], [self.pub], [self.broker], [self.sub, self.broker],
             [self.pub, self.broker], [self.broker, self.sub, self.pub]])

    def round(self):
        self.insert(self.random.randrange(self.options.rows))
        time.sleep(self.random.choice([0, 0.01, 0.05, 0.2]) * self.random.random())
        victims = self.victims()
        self.random.shuffle(victims)
        for victim in victims:
            victim.expect_running()
            victim.kill()
            self.kills[victim.name] += 1
        if self.random.random() < 0.5:
            self.insert(self.random.randrange(20))
        self.random.shuffle(victims)
        for victim in victims:
            victim.start()
            if self.random.random() < 0.3:
                time.sleep(0.05 * self.random.random())

    def verdict(self):
        return f"{self.options.rounds} rounds, {self.inserted} rows, each there once and in order"

    def stored_count(self):
        return self.ask("readings.db", "SELECT count(*) FROM readings")[0][0]

    def judge(self):
        """Everything is there once, in order."""
        wait_for(lambda: self.stored_count() >= self.inserted, "every row being there", self.all)
        # What comes twice comes late.
        self.insert(1)
        wait_for(lambda: self.stored_count() >= self.inserted, "the last row being there", self.all)
        numbers = self.numbers()
        seen = set(numbers)
        missing = [n for n in range(self.inserted) if n not in seen]
        if missing:
            raise Failure(f"{len(missing)} rows are missing, such as {missing[:5]}")
        if len(numbers) != len(seen):
            twice = sorted(n for n in seen if numbers.count(n) > 1)
            raise Failure(f"{len(numbers) - len(seen)} rows are there twice, such as {twice[:5]}")
        if numbers != sorted(numbers):
            raise Failure("the rows are not in their order")
        self.judge_outbox()

    def numbers(self):
        return [row[0] for row in self.ask("readings.db", "SELECT n FROM readings ORDER BY id")]

    def judge_outbox(self):
        """The mark of a message whose PUBREC came is stored with it."""
        wait_for(
            lambda: self.ask("app.db", "SELECT count(*) FROM outbox WHERE sent_at IS NULL")
            == [(0,)], "every row being marked as sent", self.all)

    def run(self):
        try:
            self.begin()
            for number in range(self.options.rounds):
                self.round()
                if number % 10 == 9:
                    self.judge()
            self.judge()
        finally:
            for process in self.all:
                process.stop()


if __name__ == "__main__":
    sys.exit(verdict(__doc__, Course))
