"""A user at a terminal: a password that is asked for is not shown, and Ctrl-C leaves the terminal as it was."""
import os
import pty
import select
import signal
import sys
import termios
import time

MQTT, PORT, CASE = sys.argv[1:4]
COMMANDS = {
    "one": ["pub", "t", "m"],
    "many": ["pub", "--clients", "3", "t", "m"],
    "interrupt": ["pub", "t", "m"],
    "bench": ["bench", "pairs:1", "--rate", "100", "-d", "600"],
}
ARGUMENTS = [MQTT] + COMMANDS[CASE] + ["-h", "127.0.0.1", "-p", PORT, "-u", "ann", "-P", "-"]
END = time.monotonic() + 20


def read_until(terminal, text):
    """What the program writes, up to `text` or its end."""
    seen = b""
    while text not in seen:
        if not select.select([terminal], [], [], max(0, END - time.monotonic()))[0]:
            sys.exit(f"no {text!r} in {seen!r}")
        try:
            more = os.read(terminal, 1000)
        except OSError:
            return seen
        if not more:
            return seen
        seen += more
    return seen


def shows_typing(terminal):
    return bool(termios.tcgetattr(terminal)[3] & termios.ECHO)


program, terminal = pty.fork()
if program == 0:
    os.execv(MQTT, ARGUMENTS)
read_until(terminal, b"Password: ")
assert not shows_typing(terminal)
if CASE in ("one", "many"):
    os.write(terminal, b"geheim\n")
    seen = read_until(terminal, b"\0")
    assert b"geheim" not in seen and b"Password" not in seen, seen
    assert os.waitpid(program, 0)[1] == 0, seen
elif CASE == "bench":
    os.write(terminal, b"geheim\n")
    read_until(terminal, b"missing")
    os.write(terminal, b"\x03")
    seen = read_until(terminal, b"\0")
    # It was cut short, and ends as the signal says.
    _, status = os.waitpid(program, 0)
    assert b"verdict" in seen and os.WIFSIGNALED(status), (status, seen)
    assert os.WTERMSIG(status) == signal.SIGINT, status
else:
    os.write(terminal, b"gehe\x03")
    _, status = os.waitpid(program, 0)
    assert os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGINT, status
    assert shows_typing(terminal)
