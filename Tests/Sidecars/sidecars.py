"""The broker and its two sidecars as processes that can be killed and started again, and the
verdict on what they have been through."""
import argparse
import pathlib
import random
import shutil
import signal
import socket
import sqlite3
import subprocess
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
PATIENCE_SECONDS = 120


class Failure(Exception):
    """What was promised has not been kept."""


def default_program():
    for name in ("release", "debug"):
        program = ROOT / ".build" / name / "mqtt"
        if program.exists():
            return str(program)
    raise Failure("there is no built mqtt; swift build makes it")


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


class Process:
    """A program that is started again with the same words."""

    def __init__(self, name, words, folder):
        self.name, self.words = name, [str(word) for word in words]
        self.log = open(folder / f"{name}.log", "ab")
        self.process = None

    def start(self):
        self.process = subprocess.Popen(
            self.words, stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log)

    def kill(self):
        """No warning, no farewell."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def restart(self):
        self.kill()
        self.start()

    def stop(self):
        if self.process is None:
            return
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(30)
            except subprocess.TimeoutExpired:
                self.kill()
        self.log.close()

    def is_running(self):
        return self.process is not None and self.process.poll() is None

    def expect_running(self):
        status = self.process.poll()
        if status is not None:
            raise Failure(f"{self.name} ended by itself with status {status}; see {self.log.name}")


def wait_for(condition, what, processes=()):
    """Waits until `condition` holds, and for no longer than patience lasts."""
    end = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        for process in processes:
            process.expect_running()
        if time.monotonic() > end:
            raise Failure(f"{what} has not come true within {PATIENCE_SECONDS} s")
        time.sleep(0.02)


def is_listening(port):
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
        return True
    except OSError:
        return False


def ask(file, question):
    """What a database answers; nothing while it is not there."""
    try:
        database = sqlite3.connect(f"file:{file}?mode=ro", uri=True, timeout=60)
        try:
            return database.execute(question).fetchall()
        finally:
            database.close()
    except sqlite3.OperationalError as error:
        if "no such table" in str(error) or "unable to open" in str(error):
            return []
        raise


def verdict(about, kind):
    """Runs what `kind` is, with the options of the command line, and says what came of it.

    It has `add_options(parser)`, is made of options and a folder, has `run()`, `verdict()`, and
    counts in `kills`. Returns the exit status: 0 passed, 1 failed."""
    parser = argparse.ArgumentParser(description=about.split("\n")[0])
    kind.add_options(parser)
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 32))
    parser.add_argument("--program", default=None, help="the mqtt to run")
    options = parser.parse_args()
    folder = pathlib.Path(tempfile.mkdtemp(prefix="mqtt-sidecars-"))
    begin = time.monotonic()
    try:
        options.program = options.program or default_program()
        course = kind(options, folder)
        course.run()
    except Failure as failure:
        print(f"FAILED: {failure}; seed {options.seed}, everything is kept in {folder}")
        return 1
    shutil.rmtree(folder)
    kills = ", ".join(f"{name} {count}" for name, count in course.kills.items())
    print(
        f"passed: {course.verdict()}; killed: {kills};"
        f" {time.monotonic() - begin:.0f} s; seed {options.seed}")
    return 0


class Redis:
    """A connection to Redis: commands as lists of words, answers as Python values."""

    def __init__(self, port):
        self.file = socket.create_connection(("127.0.0.1", port), 30).makefile("rwb")

    def __call__(self, *words):
        words = [word if isinstance(word, bytes) else str(word).encode() for word in words]
        self.file.write(b"*%d\r\n" % len(words))
        for word in words:
            self.file.write(b"$%d\r\n%s\r\n" % (len(word), word))
        self.file.flush()
        return self.answer()

    def answer(self):
        line = self.file.readline().rstrip()
        if not line:
            raise OSError("redis has closed the connection")
        kind, rest = line[:1], line[1:]
        if kind == b"-":
            raise Failure(f"redis: {rest.decode()}")
        if kind == b"$":
            return None if rest == b"-1" else self.file.read(int(rest) + 2)[:-2]
        if kind == b"*":
            return [self.answer() for _ in range(int(rest))]
        return int(rest) if kind == b":" else rest
