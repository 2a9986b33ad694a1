"""MQTT as far as the rounds need it: packets of 3.1.1 and 5.0, and clients without threads.

A client keeps what a client has to keep when its connection breaks: which messages are not
acknowledged, which QoS 2 identifiers are open. It takes nothing for granted: an acknowledgement
that answers nothing, or a message under an identifier that is taken, is a failure.
"""
import collections
import select
import socket
import struct

CONNECT, CONNACK, PUBLISH, PUBACK, PUBREC, PUBREL, PUBCOMP = range(1, 8)
SUBSCRIBE, SUBACK, UNSUBSCRIBE, UNSUBACK, PINGREQ, PINGRESP, DISCONNECT = range(8, 15)


class Failure(Exception):
    """The broker broke a promise."""


def packet(first_byte, body):
    length, encoded = len(body), b""
    while True:
        encoded += bytes([length % 128 | (0x80 if length > 127 else 0)])
        length //= 128
        if not length:
            return bytes([first_byte]) + encoded + body


def text(value):
    value = value.encode() if isinstance(value, str) else value
    return struct.pack(">H", len(value)) + value


class Will:
    def __init__(self, topic, payload, qos, delay):
        self.topic, self.payload, self.qos, self.delay = topic, payload, qos, delay


class Client:
    """One client and its session, over any number of connections."""

    def __init__(self, name, is_v5, expiry=3600, clean=False, will=None):
        self.name, self.is_v5, self.expiry, self.clean, self.will = name, is_v5, expiry, clean, will
        self.socket = None
        self.is_connected = False  # CONNACK has come
        self.was_let_in = False  # CONNACK has come once
        self.session_is_promised = False  # CONNACK of a lasting session has come once
        self.window = 100
        self.next_identifier = 1
        # identifier -> [stage, first byte, rest]; in the order in which they were sent
        self.unanswered = collections.OrderedDict()
        self.incoming = {}  # QoS 2 identifiers that wait for PUBREL, and their payloads
        self.requests = {}  # identifier of SUBSCRIBE or UNSUBSCRIBE -> what to call
        self.pings = 0
        self.delayed = b""
        self.is_lazy = False  # acknowledges only when it is told to

    # What the owner overrides

    def arrived(self, topic, payload, qos, is_duplicate, is_retained):
        pass

    def acknowledged(self, tag):
        pass

    # The connection

    def open(self, port):
        self.close()
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.setblocking(False)
        self.input, self.output, self.delayed = b"", b"", b""
        self.is_connected = False
        self.limit = self.window
        self.requests = {}
        self.pings = 0
        flags = 2 if self.clean else 0
        tail = text(self.name)
        if self.will:
            flags |= 4 | self.will.qos << 3
            if self.is_v5:
                tail += b"\x05\x18" + struct.pack(">I", self.will.delay)
            tail += text(self.will.topic) + text(self.will.payload)
        head = text("MQTT") + bytes([5 if self.is_v5 else 4, flags, 0, 0])
        if self.is_v5:
            head += b"\x05\x11" + struct.pack(">I", self.expiry)
        self.put(packet(CONNECT << 4, head + tail))

    def close(self):
        if self.socket:
            self.socket.close()
        self.socket = None
        self.is_connected = False

    def put(self, data):
        self.output += data

    def flush(self):
        if self.output and self.socket:
            try:
                self.output = self.output[self.socket.send(self.output):]
            except BlockingIOError:
                pass
            except OSError:
                self.output = b""

    def receive(self):
        """What has come; None if nothing has, and nothing if the connection has ended."""
        try:
            return self.socket.recv(1 << 18)
        except BlockingIOError:
            return None
        except OSError:
            return b""

    def read(self):
        """Takes what has come; False when the connection has ended."""
        if not self.socket:
            return False
        data = self.receive()
        if data is None:
            return True
        if not data:
            self.close()
            return False
        self.input += data
        self.take()
        return True

    def drain(self):
        """Takes what a broker left that has died, without waiting for an end that may not come:
        nobody tells a client that has said nothing yet."""
        while self.socket and (data := self.receive()):
            self.input += data
            self.take()
        self.close()

    def take(self):
        data, at = self.input, 0
        while True:
            length, shift, position = 0, 0, at + 1
            while position < len(data):
                byte = data[position]
                length |= (byte & 0x7F) << shift
                shift += 7
                position += 1
                if byte < 0x80:
                    break
            else:
                break
            if position + length > len(data):
                break
            self.handle(data[at], data[position:position + length])
            at = position + length
        self.input = data[at:]

    # Packets in

    def handle(self, first, body):
        kind = first >> 4
        if kind == PUBLISH:
            return self.take_publish(first, body)
        if kind == CONNACK:
            return self.take_connack(body)
        if kind == PINGRESP:
            self.pings -= 1
            return
        if kind == DISCONNECT:
            return
        identifier = body[0] << 8 | body[1]
        code = body[2] if len(body) > 2 and kind < SUBACK else 0
        if kind == PUBREL:
            self.incoming.pop(identifier, None)
            return self.answer(packet(PUBCOMP << 4, body[:2]))
        if kind in (SUBACK, UNSUBACK):
            if body[-1] >= 0x80 and not (kind == UNSUBACK and not self.is_v5):
                raise Failure(f"{self.name}: request refused with {body[-1]:#x}")
            return self.requests.pop(identifier)()
        entry = self.unanswered.get(identifier)
        if entry is None:
            raise Failure(f"{self.name}: packet {kind} for {identifier}, which is not in use")
        if code >= 0x80 and code != 0x92:
            raise Failure(f"{self.name}: packet {kind} says {code:#x}")
        if kind == PUBREC:
            if entry[0] == PUBACK:
                raise Failure(f"{self.name}: PUBREC for a message at QoS 1")
            entry[0] = PUBCOMP
            self.put(packet(PUBREL << 4 | 2, body[:2]))
        elif kind == entry[0]:
            del self.unanswered[identifier]
            self.acknowledged(entry[3])
        elif kind == PUBCOMP:
            raise Failure(f"{self.name}: PUBCOMP for {identifier} without PUBREL")

    def take_connack(self, body):
        if body[1]:
            raise Failure(f"{self.name}: refused with {body[1]:#x}")
        is_present = bool(body[0] & 1)
        if self.session_is_promised and not is_present:
            raise Failure(f"{self.name}: its session was lost")
        if self.is_v5:
            self.read_limit(body)
        self.is_connected = self.was_let_in = True
        if not is_present:
            self.incoming.clear()
        if not self.clean:
            self.session_is_promised = True
        # [MQTT-4.4.0-1]
        for identifier, entry in self.unanswered.items():
            if entry[0] == PUBCOMP and is_present:
                self.put(packet(PUBREL << 4 | 2, struct.pack(">H", identifier)))
            else:
                if entry[0] == PUBCOMP:
                    entry[0] = PUBREC
                self.put(packet(entry[1] | (8 if is_present else 0), entry[2]))

    def read_limit(self, body):
        sizes = {0x11: 4, 0x13: 2, 0x21: 2, 0x22: 2, 0x24: 1, 0x25: 1, 0x27: 4, 0x28: 1, 0x29: 1,
                 0x2A: 1}
        at, end = 3, 3 + body[2]
        while at < end:
            kind = body[at]
            if kind not in sizes:
                return
            if kind == 0x21:
                self.limit = min(self.limit, body[at + 1] << 8 | body[at + 2])
            at += 1 + sizes[kind]

    def take_publish(self, first, body):
        qos = first >> 1 & 3
        length = body[0] << 8 | body[1]
        topic, at = body[2:2 + length].decode(), 2 + length
        identifier = body[at:at + 2]
        at += 2 if qos else 0
        if self.is_v5:
            at += 1 + body[at]
        payload = body[at:]
        is_duplicate = bool(first & 8)
        if qos == 2:
            number = identifier[0] << 8 | identifier[1]
            known = self.incoming.get(number)
            if known is not None:
                if known != (topic, payload):
                    raise Failure(f"{self.name}: {topic} {payload} comes under {number}, which "
                                  f"still belongs to {known}")
                return self.answer(packet(PUBREC << 4, identifier))
            self.incoming[number] = (topic, payload)
        self.arrived(topic, payload, qos, is_duplicate, bool(first & 1))
        if qos:
            self.answer(packet((PUBACK if qos == 1 else PUBREC) << 4, identifier))

    def answer(self, data):
        if self.is_lazy:
            self.delayed += data
        else:
            self.put(data)

    def answer_now(self):
        if self.is_connected:
            self.put(self.delayed)
            self.delayed = b""

    # Packets out

    def identifier(self):
        while self.next_identifier in self.unanswered or self.next_identifier in self.requests:
            self.next_identifier = self.next_identifier % 65535 + 1
        number = self.next_identifier
        self.next_identifier = number % 65535 + 1
        return number

    def publish(self, topic, payload, qos, tag=None, retain=False):
        properties = b"\x00" if self.is_v5 else b""
        first = PUBLISH << 4 | qos << 1 | retain
        if not qos:
            return self.put(packet(first, text(topic) + properties + payload))
        number = self.identifier()
        rest = text(topic) + struct.pack(">H", number) + properties + payload
        self.unanswered[number] = [PUBACK if qos == 1 else PUBREC, first, rest, tag]
        self.put(packet(first, rest))

    def subscribe(self, topic, qos, then=lambda: None):
        number = self.identifier()
        self.requests[number] = then
        properties = b"\x00" if self.is_v5 else b""
        self.put(packet(0x82, struct.pack(">H", number) + properties + text(topic) + bytes([qos])))

    def unsubscribe(self, topic, then=lambda: None):
        number = self.identifier()
        self.requests[number] = then
        properties = b"\x00" if self.is_v5 else b""
        self.put(packet(0xA2, struct.pack(">H", number) + properties + text(topic)))

    def ping(self):
        self.pings += 1
        self.put(b"\xc0\x00")

    def disconnect(self):
        self.put(b"\xe0\x00")
        self.flush()
        self.close()


def turn(clients, seconds):
    """Moves bytes of all clients for a moment."""
    poller = select.poll()
    by_number = {}
    for client in clients:
        if client.socket:
            client.flush()
        if client.socket:
            number = client.socket.fileno()
            by_number[number] = client
            poller.register(number, select.POLLIN | (select.POLLOUT if client.output else 0))
    for number, events in poller.poll(seconds * 1000):
        client = by_number[number]
        if events & (select.POLLIN | select.POLLHUP | select.POLLERR):
            client.read()
        client.flush()
