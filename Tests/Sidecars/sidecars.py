"""The broker and its two sidecars as processes that can be killed and started again."""
import pathlib
import signal
import socket
import subprocess
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
