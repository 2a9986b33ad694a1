"""Plays what clients do while a broker stands still, and what it makes of that when it goes on.

late_turn.py SCENARIO TRANSPORT PORT PID

The broker of that process is stopped (SIGSTOP), clients act in a known order, and it goes on (SIGCONT).
SCENARIO is one of the functions at the end, TRANSPORT is tcp, tls, ws or unix, where PORT is a path.
Prints what is wrong; the status says whether something is. Only the standard library is needed.
"""

import itertools
import os
import signal
import socket
import ssl
import struct
import sys
import time

PINGREQ, DISCONNECT = b"\xc0\x00", b"\xe0\x00"
PATIENCE = 30
# What never becomes a packet, in the form of each transport.
PARTS = {"tcp": b"\x30\x20", "unix": b"\x30\x20", "ws": b"\x82", "tls": b"\x17\x03\x03\x00\x40\x00"}
UPGRADE = (
    b"GET /mqtt HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
    b"Sec-WebSocket-Protocol: mqtt\r\n\r\n"
)


def packet(first, body):
    length, count = b"", len(body)
    while True:
        length += bytes([count % 128 | (0x80 if count > 127 else 0)])
        count //= 128
        if not count:
            return bytes([first]) + length + body


def text(value):
    return struct.pack(">H", len(value)) + value.encode()


def connect(identifier, keep_alive=0, will=None):
    body = text("MQTT") + bytes([4, 6 if will else 2]) + struct.pack(">H", keep_alive)
    return packet(0x10, body + text(identifier) + (text(will) + text("") if will else b""))


def publish(topic, qos=0, size=1):
    return packet(0x30 | qos << 1, text(topic) + (b"\x00\x07" if qos else b"") + b"x" * size)


class Client:
    """One connection that speaks MQTT through a transport."""

    def __init__(self, place, transport=None, version=None):
        self.transport = transport or place.transport
        if self.transport == "unix":
            self.socket = socket.socket(socket.AF_UNIX)
            self.socket.settimeout(PATIENCE)
            self.socket.connect(place.port)
        else:
            self.socket = socket.create_connection(("127.0.0.1", int(place.port)), PATIENCE)
            self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if self.transport == "tls":
            context = ssl.create_default_context()
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
            context.maximum_version = version or ssl.TLSVersion.MAXIMUM_SUPPORTED
            self.socket = context.wrap_socket(self.socket)
        elif self.transport == "ws":
            self.socket.sendall(UPGRADE)
            head = b""
            while not head.endswith(b"\r\n\r\n"):
                more = self.socket.recv(1)
                if not more:
                    raise ConnectionError("turned away")
                head += more

    def send(self, *packets):
        payload = b"".join(packets)
        if self.transport == "ws":
            if len(payload) > 125:
                length = b"\xfe" + struct.pack(">H", len(payload))
            else:
                length = bytes([0x80 | len(payload)])
            payload = b"\x82" + length + b"\x00\x00\x00\x00" + payload
        self.socket.sendall(payload)

    def receive(self):
        """What comes next; nothing at the end."""
        try:
            return self.socket.recv(65536)
        except (ConnectionError, ssl.SSLError):
            return b""

    def expect(self, wanted):
        """Receives until `wanted` has come; whether it has."""
        got = b""
        while wanted not in got:
            more = self.receive()
            if not more:
                return False
            got += more
        return True

    def finish_sending(self, rest=b""):
        """Ends our direction by a FIN behind bytes that are sent as they are.

        Over TLS without its farewell."""
        raw = socket.socket(fileno=os.dup(self.socket.fileno()))
        raw.sendall(rest)
        raw.shutdown(socket.SHUT_WR)
        raw.close()

    def close(self):
        self.socket.close()


class Place:
    """A broker and the transport by which it is reached."""

    def __init__(self, transport, port, process):
        self.transport, self.port, self.process = transport, port, int(process)

    def client(self, identifier, **options):
        client = Client(self)
        client.send(connect(identifier, **options))
        if not client.expect(b"\x20\x02\x00\x00"):
            raise SystemExit(f"{identifier} was not let in")
        return client

    def shakes_hands(self):
        """Whether a connection needs the broker before it can carry MQTT."""
        return self.transport in ("tls", "ws")

    def stop(self):
        os.kill(self.process, signal.SIGSTOP)
        # It has stopped when the system says so of each thread.
        tasks = f"/proc/{self.process}/task"
        while any(
            open(f"{tasks}/{task}/stat").read().rsplit(")", 1)[1].split()[0] != "T"
            for task in os.listdir(tasks)
        ):
            pass

    def go_on(self):
        os.kill(self.process, signal.SIGCONT)


class Watcher:
    """A subscriber to everything, which says which topics came."""

    def __init__(self, place):
        self.client = place.client("watcher")
        self.client.send(packet(0x82, b"\x00\x01" + text("#") + b"\x00"))
        self.client.expect(b"\x90")

    def topics(self, place):
        """The topics until now: behind them comes one of our own."""
        last = place.client("last")
        last.send(publish("end"), DISCONNECT)
        got = b""
        while b"\x00\x03end" not in got:
            more = self.client.receive()
            if not more:
                raise SystemExit("the watcher was thrown out")
            got += more
        found = []
        while got:
            if self.client.transport == "ws":
                got = got[2:] if got[1] < 126 else got[4:]
            while got[:1] == b"\x30":
                length = got[1]
                count = struct.unpack(">H", got[2:4])[0]
                found.append(got[4:4 + count].decode())
                got = got[2 + length:]
        return found[:-1]


def expect(found, wanted):
    if found != wanted:
        raise SystemExit(f"{found} instead of {wanted}")


def replaced(place):
    """A client publishes, says good-bye, closes, and is back under its name at once."""
    watcher, wanted = Watcher(place), []
    for number in range(10):
        old = place.client("same", will=f"will/{number}")
        new = Client(place) if place.shakes_hands() else None
        place.stop()
        old.send(publish(f"m/{number}"), DISCONNECT)
        old.close()
        new = new or Client(place)
        new.send(connect("same"))
        place.go_on()
        if not new.expect(b"\x20\x02\x00\x00"):
            raise SystemExit("the newcomer was not let in")
        new.send(DISCONNECT)
        new.close()
        wanted.append(f"m/{number}")
    expect(watcher.topics(place), wanted)


def replaced_twice(place):
    """The second of three has come, spoken and left before the first was read."""
    watcher = Watcher(place)
    first = place.client("same", will="will/1")
    others = [Client(place) for _ in range(2)] if place.shakes_hands() else None
    place.stop()
    first.send(publish("m/1"), publish("m/2"), DISCONNECT)
    first.close()
    second, third = others or (Client(place), None)
    second.send(connect("same", will="will/2"), publish("m/3"), DISCONNECT)
    second.close()
    third = third or Client(place)
    third.send(connect("same", will="will/3"), publish("m/4"))
    place.go_on()
    if not third.expect(b"\x20\x02\x00\x00"):
        raise SystemExit("the third was not let in")
    third.send(PINGREQ)
    third.expect(b"\xd0\x00")
    expect(watcher.topics(place), ["m/1", "m/2", "m/3", "m/4"])


def keep_alive(place):
    """Every keep alive is over when the broker goes on, and everybody has said something."""
    watcher = Watcher(place)
    talkers = [place.client(f"talker {n}", keep_alive=3, will="will/talker") for n in range(4)]
    leaver = place.client("leaver", keep_alive=3, will="will/leaver")
    silent = place.client("silent", keep_alive=3, will="will/silent")
    place.stop()
    for talker in talkers:
        talker.send(PINGREQ)
    leaver.send(publish("m/leaver"), DISCONNECT)
    leaver.close()
    time.sleep(5)
    place.go_on()
    for talker in talkers:
        if not talker.expect(b"\xd0\x00"):
            raise SystemExit("a client was thrown out whose PINGREQ lay there")
        talker.send(DISCONNECT)
        talker.close()
    while silent.receive():
        pass
    expect(sorted(watcher.topics(place)), ["m/leaver", "will/silent"])


def connect_time(place):
    """The time for CONNECT, three seconds here, is over, and it lies there."""
    late = Client(place)
    late.send(connect("late")[:1])
    # That the next one is served says that the first byte has been read.
    place.client("other").close()
    place.stop()
    late.send(connect("late")[1:])
    time.sleep(3.5)
    place.go_on()
    if not late.expect(b"\x20\x02\x00\x00"):
        raise SystemExit("a client was thrown out whose CONNECT lay there")


def limit(place):
    """All four places are taken, three of them by clients that have left."""
    place.client("stays")
    for number in range(5):
        come_for(place, [place.client(f"old {number} {n}") for n in range(3)], number)


def descriptors(place):
    """All descriptors are taken, three of them by clients that have left."""
    inside = []
    while True:
        try:
            client = Client(place)
            client.send(connect(f"inside {len(inside)}"))
            if not client.expect(b"\x20\x02\x00\x00"):
                break
        except (OSError, struct.error):
            break
        inside.append(client)
    for number in range(5):
        come_for(place, inside[-3:], number)
        del inside[-3:]
        inside += [place.client(f"again {number} {n}") for n in range(3)]


def two_threads(place):
    """Both threads serve from the start, and each has some of the connections."""
    tasks = f"/proc/{place.process}/task"
    names = sorted(open(f"{tasks}/{task}/comm").read().strip() for task in os.listdir(tasks))
    expect([name for name in names if name.startswith("reactor")], ["reactor 0", "reactor 1"])


def come_for(place, leavers, number):
    """Clients leave, as many others come, and they are let in."""
    place.stop()
    for leaver in leavers:
        leaver.send(DISCONNECT)
        leaver.close()
    if place.shakes_hands():
        place.go_on()
    newcomers = [Client(place) for _ in range(3)]
    for n, newcomer in enumerate(newcomers):
        newcomer.send(connect(f"new {number} {n}"))
    place.go_on()
    for newcomer in newcomers:
        if not newcomer.expect(b"\x20\x02\x00\x00"):
            raise SystemExit("a newcomer was turned away though there was room")
        newcomer.send(DISCONNECT)
        while newcomer.receive():
            pass


def finished(place):
    """Packets and a FIN behind them lie there together: they are answered."""
    for number in range(5):
        client = place.client(f"finished {number}")
        place.stop()
        client.send(publish("a", qos=1), PINGREQ)
        client.finish_sending()
        place.go_on()
        if not client.expect(b"\xd0\x00"):
            raise SystemExit("packets in front of a FIN were not answered")


def session(place):
    """A whole session lies there behind the handshake, then a FIN, alone or behind a part of more."""
    # A Unix socket and a frame of this script hold no more than the second.
    sizes = [1, 20_000, 300_000][: 3 if place.transport in ("tcp", "tls") else 2]
    versions = [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3]
    for version, size, rest in itertools.product(versions, sizes, [b"", PARTS[place.transport]]):
        client = Client(place, version=version)
        place.stop()
        client.send(connect("session"), packet(0x82, b"\x00\x01" + text("a") + b"\x00"))
        client.send(publish("b", qos=2))
        client.send(publish("a", qos=1, size=size), PINGREQ)
        client.finish_sending(rest)
        place.go_on()
        got = b""
        while more := client.receive():
            got += more
        for answer in (b"\x20\x02", b"\x90\x03", b"\x50\x02", b"\x40\x02", b"\xd0\x00"):
            if answer not in got:
                raise SystemExit(f"no {answer} for {size} bytes, {version}, {rest}")


SCENARIOS = [
    replaced, replaced_twice, keep_alive, connect_time, limit, descriptors, two_threads, finished,
    session,
]

if __name__ == "__main__":
    name, *arguments = sys.argv[1:]
    place = Place(*arguments)
    try:
        next(s for s in SCENARIOS if s.__name__ == name)(place)
    finally:
        place.go_on()
