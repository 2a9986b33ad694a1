#!/usr/bin/env python3
"""How many rows a second `mqtt sub --sqlite` commits, and what else is measured of the sidecars.

  Tests/Sidecars/rate.py [--rows 300000] [--window 100] [--qos 2] [--columns LIST] [--folder DIR]

Messages wait with a broker that keeps them in memory, so that the subscriber's database is what is
measured; the window (receive-maximum) is the most rows of a commit. Then as many rows leave an
outbox. Beside the rates stands what the disk does: a loop that appends a commit's pages to a file
and waits for them (fdatasync).
"""
import argparse
import os
import pathlib
import sqlite3
import subprocess
import tempfile
import time

from sidecars import Process, ask, default_program, free_port, is_listening, wait_for

TICKS = os.sysconf("SC_CLK_TCK")


def processor_seconds(process):
    with open(f"/proc/{process.process.pid}/stat") as file:
        words = file.read().rsplit(")", 1)[1].split()
    return (int(words[11]) + int(words[12])) / TICKS


def flush_milliseconds(folder, pages=4, count=500):
    """Median and 99th percentile of appending some pages and waiting for the disk."""
    file = os.open(folder / "flush", os.O_RDWR | os.O_CREAT)
    times = []
    for _ in range(count):
        begin = time.perf_counter()
        os.write(file, bytes(4096 * pages))
        os.fdatasync(file)
        times.append((time.perf_counter() - begin) * 1000)
    os.close(file)
    times.sort()
    return times[count // 2], times[count * 99 // 100]


class Rate:
    def __init__(self, options, folder):
        self.options, self.folder = options, folder
        self.port = free_port()
        self.place = ["-p", self.port]
        self.broker = Process(
            "broker", [options.program, "broker", *self.place, "--memory", "--quiet",
                       "--max-queued-messages", options.rows], folder)
        columns = ["--columns", options.columns] if options.columns else []
        self.sub = Process(
            "sub", [options.program, "sub", *self.place, "rate", "-q", options.qos, "--sqlite",
                    folder / "r.db", "-D", "connect", "receive-maximum", options.window, *columns],
            folder)
        self.pub = Process(
            "pub", [options.program, "pub", *self.place, "--outbox", folder / "app.db",
                    "--create-table"], folder)

    def until(self, file, question, answer, processes):
        while ask(self.folder / file, question) != [(answer,)]:
            for process in processes:
                process.expect_running()
            time.sleep(0.005)

    def store(self):
        """Rows a second from the start on, and microseconds of processor time for each."""
        lines = self.folder / "lines"
        with open(lines, "w") as file:
            for number in range(self.options.rows):
                file.write('{"temperature": %d.5, "pressure": 1.234, "n": %d}\n' % (
                    number % 30, number))
        with open(lines) as file:
            subprocess.run(
                [self.options.program, "pub", "-p", str(self.port), "-t", "rate", "-q", "2", "-l"],
                stdin=file, check=True)
        begin = time.monotonic()
        self.sub.start()
        self.until("r.db", "SELECT max(id) FROM messages", self.options.rows, [self.sub])
        seconds = time.monotonic() - begin
        used = processor_seconds(self.sub)
        self.sub.kill()
        return self.options.rows / seconds, used / self.options.rows * 1e6

    def idle(self, count=100):
        """Median milliseconds from a line for a publisher to the row, when nothing else happens."""
        self.sub.start()
        database = sqlite3.connect(self.folder / "r.db")
        last = database.execute("SELECT max(id) FROM messages").fetchone()[0]
        times = []
        with subprocess.Popen(
                [self.options.program, "pub", "-p", str(self.port), "-t", "rate", "-q", "2", "-l"],
                stdin=subprocess.PIPE) as publisher:
            for _ in range(count):
                time.sleep(0.02)
                begin = time.perf_counter()
                publisher.stdin.write(b"alone\n")
                publisher.stdin.flush()
                last += 1
                while database.execute("SELECT max(id) FROM messages").fetchone()[0] < last:
                    pass
                times.append((time.perf_counter() - begin) * 1000)
        database.close()
        self.sub.kill()
        return sorted(times)[count // 2]

    def send(self):
        self.pub.start()
        wait_for(lambda: ask(
            self.folder / "app.db", "SELECT 1 FROM sqlite_master WHERE name = 'outbox'"),
            "the outbox", [self.pub])
        with sqlite3.connect(self.folder / "app.db", timeout=60) as app:
            app.executemany(
                "INSERT INTO outbox(topic, payload) VALUES('rate', ?)",
                (('{"n": %d}' % number,) for number in range(self.options.rows)))
        begin = time.monotonic()
        self.until("app.db", "SELECT count(*) FROM outbox WHERE sent_at IS NULL", 0, [self.pub])
        return self.options.rows / (time.monotonic() - begin)

    def run(self):
        try:
            self.broker.start()
            wait_for(lambda: is_listening(self.port), "the broker serving", [self.broker])
            self.sub.start()
            wait_for(lambda: ask(
                self.folder / "r.db", "SELECT subscriptions FROM mqtt_session")
                not in ([], [("",)]), "the subscription", [self.sub])
            self.sub.kill()
            rate, used = self.store()
            print(f"sub --sqlite -q {self.options.qos}, window {self.options.window}:"
                  f" {rate:,.0f} rows/s, {used:.2f} us of processor time for a row")
            print(f"a message that comes alone is a row after {self.idle():.2f} ms (median)")
            print(f"pub --outbox: {self.send():,.0f} rows/s")
            median, late = flush_milliseconds(self.folder)
            print(f"fdatasync of four pages: median {median:.2f} ms, p99 {late:.2f} ms")
        finally:
            for process in (self.pub, self.sub, self.broker):
                process.stop()


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rows", type=int, default=300_000)
    parser.add_argument("--window", type=int, default=100, help="most rows of a commit")
    parser.add_argument("--qos", type=int, default=2, choices=[1, 2])
    parser.add_argument("--columns", default="", help="as of mqtt sub")
    parser.add_argument("--folder", default=None, help="where the databases are made")
    parser.add_argument("--program", default=None, help="the mqtt to run")
    options = parser.parse_args()
    options.program = options.program or default_program()
    with tempfile.TemporaryDirectory(prefix="mqtt-rate-", dir=options.folder) as folder:
        Rate(options, pathlib.Path(folder)).run()


if __name__ == "__main__":
    main()
