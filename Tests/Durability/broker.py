"""The broker as a process, its data directory, and the disk below (disk.c)."""
import os
import pathlib
import shutil
import signal
import socket
import struct
import subprocess
import sys
import time

from wire import Failure

HERE = pathlib.Path(__file__).resolve().parent


class Broker:
    """The process, its data, and the disk below."""

    def __init__(self, program, work, has_disk=False, options=()):
        self.program, self.options = program, list(options)
        self.data = work / "data"
        self.notes = work / "notes"
        self.control = work / "control"
        self.notes.mkdir()
        self.log_path = work / "log"
        self.log = open(self.log_path, "ab")
        self.environment = dict(os.environ)
        if has_disk:
            library = work / "disk.so"
            compiler = shutil.which("cc") or shutil.which("clang")
            subprocess.run(
                [compiler, "-O2", "-shared", "-fPIC", "-o", library, HERE / "disk.c", "-ldl",
                 "-lpthread"], check=True)
            self.set_disk("-")
            self.environment |= {
                "LD_PRELOAD": str(library), "DISK_FOLDER": str(self.data),
                "DISK_NOTES": str(self.notes), "DISK_CONTROL": str(self.control)}
        with socket.create_server(("127.0.0.1", 0)) as probe:
            self.port = probe.getsockname()[1]
        self.process = None

    def set_disk(self, letter):
        """What the disk does from now on: one of the letters of disk.c."""
        self.control.write_text(letter)

    def log_text(self):
        return self.log_path.read_text(errors="replace")

    def start(self):
        command = [self.program, "broker", "-p", str(self.port), "--data", str(self.data),
                   "--max-queued-messages", "10000000", "--max-queued-bytes", "0"] + self.options
        self.process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log,
            env=self.environment)

    def wait(self, seconds=60):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if self.process.poll() is not None:
                raise Failure(f"the broker ended with {self.process.returncode}")
            try:
                socket.create_connection(("127.0.0.1", self.port)).close()
                return
            except OSError:
                time.sleep(0.003)
        raise Failure("the broker does not serve")

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self, seconds=60):
        self.process.terminate()
        try:
            self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()
            raise Failure("the broker does not stop")
        if self.process.returncode:
            raise Failure(f"the broker stopped with {self.process.returncode}")

    def cut_power(self, chance):
        """Takes back what was not synced: all of it, or any part, torn where it likes."""
        taken = 0
        for notes in self.notes.iterdir():
            content = notes.read_bytes()
            records, at = [], 0
            while at + 24 <= len(content):
                offset, size, before, after = struct.unpack_from("=QQII", content, at)
                if at + 24 + before + after > len(content):
                    break  # the kill came while this was noted: it was not written
                records.append((offset, size, content[at + 24:at + 24 + before],
                                content[at + 24 + before:at + 24 + before + after]))
                at += 24 + before + after
            path = self.data / notes.name
            if records and path.exists():
                self.take_back(path, records, chance)
                taken += len(records)
            notes.write_bytes(b"")
        return taken

    def take_back(self, path, records, chance):
        style = chance.choice(["all", "all", "part", "order"])
        last = chance.randrange(len(records) + 1)
        with open(path, "r+b") as file:
            for offset, size, before, after in reversed(records):
                file.seek(offset)
                file.write(before)
                file.truncate(size)
            for number, (offset, size, before, after) in enumerate(records):
                if not after:
                    continue
                if style == "part" and chance.random() < 0.5 or style == "order" and number < last:
                    if chance.random() < 0.2:
                        after = after[:chance.randrange(len(after) + 1) & ~511]
                    file.seek(offset)
                    file.write(after)


def verdict(broker, work, prove):
    """Runs `prove`, says what came of it, and leaves nothing behind; answers the exit status."""
    try:
        prove()
    except Failure as failure:
        print(broker.log_text()[-3000:], file=sys.stderr)
        print(f"FAILED: {failure}")
        return 1
    finally:
        if broker.process and broker.process.poll() is None:
            broker.kill()
        shutil.rmtree(work, ignore_errors=True)
    print("PASSED")
    return 0
