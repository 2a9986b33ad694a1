#!/usr/bin/env python3
"""A FastAPI application with four workers and its two sidecars, while all of them are killed.

  Tests/Sidecars/story.py [--count 1000] [--seed N] [--program PATH]

Commands go in by HTTP and must reach their device exactly once; readings of the device must come
out by HTTP exactly once. Meanwhile workers of uvicorn and both sidecars are killed at random, again
and again, until everything is through. Needs FastAPI and uvicorn (.ci/setup --tests).

The last line is the verdict, with the seed. Exit status: 0 passed, 1 failed.
"""
import http.client
import json
import os
import pathlib
import random
import signal
import subprocess
import sys
import threading
import time

from sidecars import Failure, Process, ask, free_port, is_listening, verdict, wait_for

# Who send commands at the same time.
CLIENTS = 4
HERE = pathlib.Path(__file__).resolve().parent


class Story:
    @staticmethod
    def add_options(parser):
        parser.add_argument("--count", type=int, default=1000)

    def __init__(self, options, folder):
        self.count, self.folder = options.count, folder
        self.random = random.Random(options.seed)
        self.port, self.web = free_port(), free_port()
        mqtt, place = options.program, ["-p", self.port]
        self.broker = Process(
            "broker", [mqtt, "broker", *place, "--data", folder / "data"], folder)
        self.pub = Process(
            "pub", [mqtt, "pub", *place, "--outbox", folder / "app.db", "--create-table"], folder)
        self.sub = Process(
            "sub", [mqtt, "sub", *place, "devices/+/readings", "--sqlite", folder / "app.db",
                    "--table", "readings", "--columns", "value=$.value"], folder)
        self.device = Process(
            "device", [mqtt, "sub", *place, "devices/+/commands", "--sqlite",
                       folder / "device.db", "--columns", "number=$.number"], folder)
        os.environ["APP_DB"] = str(folder / "app.db")
        self.app = Process(
            "app", [sys.executable, "-m", "uvicorn", "app:app", "--app-dir", HERE, "--workers", 4,
                    "--host", "127.0.0.1", "--port", self.web, "--log-level", "warning"], folder)
        self.sensor = [mqtt, "pub", *place, "-t", "devices/7/readings", "-q", "2", "-l"]
        self.all = [self.broker, self.pub, self.sub, self.device, self.app]
        self.fault = None
        self.kills = {"workers": 0, "pub": 0, "sub": 0}

    def begin(self):
        self.broker.start()
        wait_for(lambda: is_listening(self.port), "the broker serving", [self.broker])
        for process in (self.device, self.sub, self.pub):
            process.start()
        wait_for(
            lambda: self.subscriptions("app.db") and self.subscriptions("device.db")
            and self.ask("app.db", "SELECT 1 FROM sqlite_master WHERE name = 'outbox'"),
            "subscriptions and outbox", [self.device, self.sub, self.pub])
        self.app.start()
        wait_for(lambda: is_listening(self.web), "uvicorn serving", [self.app])

    def ask(self, file, question):
        return ask(self.folder / file, question)

    def subscriptions(self, file):
        return self.ask(
            file, "SELECT 1 FROM mqtt_session WHERE name LIKE 'sub %' AND subscriptions <> ''")

    def request(self, method, path, body=None):
        """Asks until there is an answer: a worker may have died with the question."""
        end = time.monotonic() + 120
        while True:
            try:
                connection = http.client.HTTPConnection("127.0.0.1", self.web, timeout=30)
                connection.request(
                    method, path, body and json.dumps(body), {"Content-Type": "application/json"})
                answer = connection.getresponse()
                content = answer.read()
                connection.close()
                if answer.status < 300:
                    return json.loads(content)
                problem = f"{answer.status} {content[:200]}"
            except (OSError, http.client.HTTPException) as error:
                problem = repr(error)
            if time.monotonic() > end:
                raise Failure(f"{method} {path}: {problem}")
            time.sleep(0.05)

    def command(self, first):
        try:
            for number in range(first, self.count + 1, CLIENTS):
                self.request("PUT", f"/devices/7/commands/{number}", {"number": number})
        except Exception as error:  # told by the thread that waits
            self.fault = error

    def measure(self):
        sensor = subprocess.Popen(
            [str(word) for word in self.sensor], stdin=subprocess.PIPE, stdout=self.sub.log,
            stderr=self.sub.log)
        for value in range(1, self.count + 1):
            sensor.stdin.write(b'{"value": %d}\n' % value)
            sensor.stdin.flush()
            time.sleep(0.002)
        sensor.stdin.close()
        if sensor.wait() != 0:
            self.fault = Failure("the sensor could not publish")

    def workers(self):
        master = self.app.process.pid
        with open(f"/proc/{master}/task/{master}/children") as file:
            children = [int(word) for word in file.read().split()]
        found = []
        for child in children:
            try:
                with open(f"/proc/{child}/cmdline", "rb") as file:
                    if b"spawn_main" in file.read():
                        found.append(child)
            except FileNotFoundError:
                pass
        return found

    def kill_something(self):
        name = self.random.choice(["workers", "pub", "sub"])
        if name == "workers":
            workers = self.workers()
            # uvicorn starts another one in the place of each; one at least goes on serving.
            if len(workers) < 2:
                return
            os.kill(self.random.choice(workers), signal.SIGKILL)
        else:
            {"pub": self.pub, "sub": self.sub}[name].restart()
        self.kills[name] += 1

    def verdict(self):
        return f"{self.count} commands and {self.count} readings, each exactly once"

    def judge(self):
        wait_for(
            lambda: len(self.ask("device.db", "SELECT 1 FROM messages")) >= self.count
            and len(self.ask("app.db", "SELECT 1 FROM readings")) >= self.count,
            "everything being through", self.all)
        expected = list(range(1, self.count + 1))
        commands = [row[0] for row in self.ask("device.db", "SELECT number FROM messages")]
        if sorted(commands) != expected:
            raise Failure(f"{len(commands)} commands came, {len(set(commands))} different ones")
        readings = [row["value"] for row in self.request("GET", "/readings")]
        if readings != expected:
            raise Failure(f"{len(readings)} readings came, {len(set(readings))} different ones")
        wait_for(
            lambda: self.ask("app.db", "SELECT count(*) FROM outbox WHERE sent_at IS NOT NULL")
            == [(self.count,)], "every command being marked as sent", self.all)
        if self.request("GET", "/commands/1")["sent_at"] is None:
            raise Failure("the application does not see that its command was sent")

    def run(self):
        try:
            self.begin()
            threads = [threading.Thread(target=self.measure)]
            for first in range(1, CLIENTS + 1):
                threads.append(threading.Thread(target=self.command, args=(first,)))
            for thread in threads:
                thread.start()
            while any(thread.is_alive() for thread in threads):
                time.sleep(self.random.random())
                self.kill_something()
            if self.fault:
                raise self.fault
            self.judge()
        finally:
            for process in reversed(self.all):
                process.stop()


if __name__ == "__main__":
    sys.exit(verdict(__doc__, Story))
