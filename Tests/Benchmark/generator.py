"""A load generator in plain Python: one thread, one epoll, packets encoded beforehand.

It speaks 3.1.1 with packets of one size, so that counting bytes is counting messages. It is not
fast, and need not be: what is measured is the broker's processor time for each message. It checks
what it counts: at every QoS nothing may be lost, and at QoS 2 nothing may come twice.
"""
import select
import socket
import struct
import time

PAYLOAD_BYTES = 64
CHUNK = 1 << 18


class Failure(Exception):
    """The broker did not do what it promised."""


def packet(first_byte, body):
    length, encoded = len(body), b""
    while True:
        encoded += bytes([length % 128 | (0x80 if length > 127 else 0)])
        length //= 128
        if not length:
            return bytes([first_byte]) + encoded + body


def text(value):
    return struct.pack(">H", len(value)) + value.encode()


def connect_packet(name):
    return packet(0x10, text("MQTT") + b"\x04\x02\x00\x00" + text(name))


def publish_packet(topic, qos, identifier=0):
    number = struct.pack(">H", identifier) if qos else b""
    return packet(0x30 | qos << 1, text(topic) + number + bytes(PAYLOAD_BYTES))


class Client:
    """A connected client with what it has still to write."""

    def __init__(self, port, name):
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.sendall(connect_packet(name))
        if self.socket.recv(4) != b"\x20\x02\x00\x00":
            raise Failure(f"{name} was not let in")
        self.unsent = b""
        self.rest = b""
        self.delivered = 0

    def subscribe(self, topic, qos):
        self.socket.sendall(packet(0x82, b"\x00\x01" + text(topic) + bytes([qos])))
        if self.socket.recv(5) != b"\x90\x03\x00\x01" + bytes([qos]):
            raise Failure(f"{topic} was not granted")

    def send(self, data):
        self.unsent += data
        try:
            self.unsent = self.unsent[self.socket.send(self.unsent) :]
        except BlockingIOError:
            pass


class Publisher(Client):
    """Keeps `window` messages in flight; at QoS 0 as many as the run allows."""

    def start(self, topic, qos, window):
        self.qos, self.sent, self.done, self.is_open = qos, 0, 0, True
        self.packets = [publish_packet(topic, qos, index + 1) for index in range(window)]
        self.socket.setblocking(False)

    def publish(self, count):
        if not self.is_open or not count:
            return
        window = len(self.packets)
        self.send(b"".join(self.packets[(self.sent + i) % window] for i in range(count)))
        self.sent += count

    def receive(self, data):
        data = self.rest + data
        whole = len(data) // 4 * 4
        self.rest = data[whole:]
        done, answer = 0, []
        for start in range(0, whole, 4):
            if data[start] == 0x50:
                answer.append(b"\x62\x02" + data[start + 2 : start + 4])
            else:
                done += 1
        if answer:
            self.send(b"".join(answer))
        self.done += done
        self.publish(done)


class Subscriber(Client):
    """Counts, and completes the handshake of each message."""

    def start(self, topic, qos):
        self.qos = qos
        self.size = len(publish_packet(topic, qos, 1))
        self.identifier_at = self.size - PAYLOAD_BYTES - 2
        self.held = set()
        self.socket.setblocking(False)

    def receive(self, data):
        if self.qos == 0:
            count = self.delivered * self.size + len(self.rest) + len(data)
            self.delivered, rest = divmod(count, self.size)
            self.rest = bytes(rest)
            return
        data, start, answer = self.rest + data, 0, []
        while start < len(data):
            size = 4 if data[start] == 0x62 else self.size
            if start + size > len(data):
                break
            if size == 4:
                identifier = data[start + 2 : start + 4]
                self.held.discard(identifier)
                answer.append(b"\x70\x02" + identifier)
            else:
                at = start + self.identifier_at
                identifier = data[at : at + 2]
                if self.qos == 2:
                    if identifier in self.held:
                        raise Failure("a QoS 2 message came twice")
                    self.held.add(identifier)
                answer.append((b"\x40\x02" if self.qos == 1 else b"\x50\x02") + identifier)
                self.delivered += 1
            start += size
        self.rest = data[start:]
        if answer:
            self.send(b"".join(answer))


def run_messages(port, meter, seconds, publishers, subscribers, qos, window=20):
    """Messages from some to some; in pairs where there are as many of both."""
    in_pairs = publishers == subscribers
    topics = [f"load/{index if in_pairs else 0:04}" for index in range(max(publishers, subscribers))]
    receivers = [Subscriber(port, f"s{index}") for index in range(subscribers)]
    senders = [Publisher(port, f"p{index}") for index in range(publishers)]
    for topic, receiver in zip(topics, receivers):
        receiver.subscribe(topic, qos)
        receiver.start(topic, qos)
    for topic, sender in zip(topics, senders):
        sender.start(topic, qos, window if qos else 100)
    fan_out = 1 if in_pairs else subscribers
    poller = select.epoll()
    clients = {client.socket.fileno(): client for client in [*senders, *receivers]}
    for number in clients:
        poller.register(number, select.EPOLLIN)
    meter.start()
    started = time.monotonic()
    if qos:
        for sender in senders:
            sender.publish(window)
    while True:
        delivered = sum(receiver.delivered for receiver in receivers)
        outstanding = sum(sender.sent for sender in senders) * fan_out - delivered
        is_over = time.monotonic() - started > seconds
        if is_over:
            for sender in senders:
                sender.is_open = False
            if outstanding == 0 and all(s.done == s.sent or not qos for s in senders):
                break
            if time.monotonic() - started > seconds + 20:
                raise Failure(f"{outstanding} messages are missing")
        elif not qos and outstanding < 4000 * fan_out:
            for sender in senders:
                if not sender.unsent:
                    sender.publish(max(1, 2000 // publishers))
        for client in clients.values():
            if client.unsent:
                client.send(b"")
        busy = not qos and not is_over and outstanding < 4000 * fan_out
        for number, _ in poller.poll(0 if busy else 0.01):
            data = clients[number].socket.recv(CHUNK)
            if not data:
                raise Failure("the broker closed a connection")
            clients[number].receive(data)
    if outstanding < 0 and qos != 1:
        raise Failure("more messages came than were sent")
    elapsed = time.monotonic() - started
    result = {
        "microseconds": meter.stop() * 1e6 / delivered,
        "per_second": delivered / elapsed,
    }
    for client in clients.values():
        client.socket.close()
    return result


def run_connects(port, meter, seconds):
    """Clients that come and go."""
    meter.start()
    started, count = time.monotonic(), 0
    while time.monotonic() - started < seconds:
        wave = []
        for _ in range(50):
            client = socket.create_connection(("127.0.0.1", port))
            client.sendall(connect_packet(f"c{count}"))
            wave.append(client)
            count += 1
        for client in wave:
            if client.recv(4) != b"\x20\x02\x00\x00":
                raise Failure("a client was not let in")
            client.sendall(b"\xe0\x00")
            client.close()
    elapsed = time.monotonic() - started
    return {"microseconds": meter.stop() * 1e6 / count, "per_second": count / elapsed}


def run_idle(port, meter, count):
    """Clients that subscribed once and then say nothing."""
    before = meter.resident_bytes()
    clients = []
    for index in range(count):
        client = Client(port, f"idle{index}")
        client.subscribe(f"idle/{index}", 0)
        clients.append(client)
    time.sleep(1)
    return {"bytes": (meter.resident_bytes() - before) / count}
