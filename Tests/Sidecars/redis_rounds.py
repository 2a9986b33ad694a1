#!/usr/bin/env python3
"""The crash rounds with lists of Redis instead of databases: see rounds.py.

  Tests/Sidecars/redis_rounds.py [--rounds 200] [--seed N] [--program PATH] [--rows 300]

An application appends numbered elements to a list, `mqtt pub --redis` publishes them, and
`mqtt sub --redis` appends them to another list. Broker, sidecars and Redis itself, which keeps what
it has acknowledged (`appendfsync always`), are killed at random.
"""
import json
import sys

from rounds import Course
from sidecars import Failure, Process, Redis, free_port, is_listening, verdict, wait_for


class RedisCourse(Course):
    def __init__(self, options, folder):
        super().__init__(options, folder)
        self.redis_port = free_port()
        self.server = Process(
            "redis", ["redis-server", "--port", self.redis_port, "--bind", "127.0.0.1", "--save",
                      "", "--appendonly", "yes", "--appendfsync", "always", "--dir", folder],
            folder)
        place = ["--redis", f"redis://127.0.0.1:{self.redis_port}"]
        connection = self.sub.words[3:7]
        self.sub.words = [
            options.program, "sub", "dev/#", *connection, *place, "--list", "readings"]
        self.pub.words = [options.program, "pub", *connection, *place, "--list", "commands"]
        self.sub.words = [str(word) for word in self.sub.words]
        self.pub.words = [str(word) for word in self.pub.words]
        self.all.append(self.server)
        self.kills[self.server.name] = 0
        self.connection = None

    def redis(self, *words):
        """Asks until there is an answer, with as many connections as that takes."""
        answer = []

        def has_answer():
            try:
                self.connection = self.connection or Redis(self.redis_port)
                answer.append(self.connection(*words))
                return True
            except (Failure, OSError) as error:
                if isinstance(error, Failure) and "LOADING" not in str(error):
                    raise
                self.connection = None
                return False

        wait_for(has_answer, f"an answer to {words[0]}")
        return answer[0]

    def begin(self):
        self.server.start()
        wait_for(lambda: is_listening(self.redis_port), "redis serving", [self.server])
        self.broker.start()
        wait_for(lambda: is_listening(self.port), "the broker serving", [self.broker])
        self.sub.start()
        wait_for(
            lambda: self.redis("HGET", "readings:sub-session", "subscriptions"),
            "the subscription", [self.sub])
        self.pub.start()

    def victims(self):
        return self.random.choice(
            [[self.server], [self.server], [self.server, self.pub], [self.server, self.sub],
             [self.server, self.broker], self.all[:], super().victims()])

    def insert(self, count):
        if not self.server.is_running():
            return
        for _ in range(count):
            element = {"topic": f"dev/{self.inserted % 7}", "payload": {"n": self.inserted}}
            self.redis("RPUSH", "commands", json.dumps(element))
            self.inserted += 1

    def stored_count(self):
        return self.redis("LLEN", "readings")

    def numbers(self):
        elements = self.redis("LRANGE", "readings", 0, -1)
        return [json.loads(json.loads(element)["payload"])["n"] for element in elements]

    def judge_outbox(self):
        left = ["commands", "commands:processing", "commands:dead"]
        wait_for(
            lambda: [self.redis("LLEN", key) for key in left] == [0, 0, 0]
            and self.redis("HLEN", "commands:underway") == 0, "all lists being empty", self.all)


if __name__ == "__main__":
    sys.exit(verdict(__doc__, RedisCourse))
