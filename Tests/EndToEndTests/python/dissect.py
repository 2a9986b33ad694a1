"""Has paho talk through a relay, writes what passed as a capture, and asks tshark about it.

The relay needs no right to capture on a network, and loses nothing.
"""
import collections
import socket
import struct
import subprocess
import sys
import tempfile
import threading

from common import WAIT_SECONDS, Client, PacketTypes, Properties

broker_port, version = int(sys.argv[1]), sys.argv[2]
MQTT_PORT = 1883
segments = []  # (client port, from broker, bytes), in the order in which they passed
lock = threading.Lock()


def pump(source, sink, client_port, from_broker):
    try:
        while data := source.recv(65536):
            with lock:
                segments.append((client_port, from_broker, data))
            sink.sendall(data)
    except OSError:
        pass
    for end in (source, sink):
        try:
            end.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass


def serve(listener):
    while True:
        try:
            client, (_, client_port) = listener.accept()
        except OSError:
            return
        broker = socket.create_connection(("127.0.0.1", broker_port))
        for arguments in ((client, broker, client_port, False), (broker, client, client_port, True)):
            threading.Thread(target=pump, args=arguments, daemon=True).start()


def talk(port):
    """One packet at least of each kind that a broker sends."""
    client = Client(port, version, "client")
    client.subscribe("a/#", 2)
    for qos in range(3):
        properties = None
        if version == "5":
            properties = Properties(PacketTypes.PUBLISH)
            properties.UserProperty = [("key", "value")]
            properties.ContentType = "text/plain"
            properties.MessageExpiryInterval = 100
        client.publish(f"a/{qos}", "x" * (10 ** (qos + 1)), qos, properties=properties)
        client.next()
    done = threading.Event()
    client.client.on_unsubscribe = lambda *_: done.set()
    client.client.unsubscribe(["a/#", "never"])
    assert done.wait(WAIT_SECONDS)
    client.client._send_pingreq()
    client.expect_nothing()
    # A second client of the name: DISCONNECT for the first in 5.0.
    client.client.reconnect_delay_set(60, 60)
    second = Client(port, version, "client")
    second.leave()
    client.client.loop_stop()


def write_capture(path):
    """Segments as raw IPv4 packets (link type 101), with no checksums."""
    with open(path, "wb") as file:
        file.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 1 << 18, 101))
        sequence = collections.defaultdict(lambda: 1)
        for index, (client_port, from_broker, data) in enumerate(segments):
            for start in range(0, len(data), 1400):
                part = data[start : start + 1400]
                ports = (MQTT_PORT, client_port) if from_broker else (client_port, MQTT_PORT)
                here = sequence[client_port, from_broker]
                there = sequence[client_port, not from_broker]
                sequence[client_port, from_broker] += len(part)
                tcp = struct.pack(">HHIIBBHHH", *ports, here, there, 0x50, 0x18, 65535, 0, 0) + part
                ip = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(tcp), 0, 0, 64, 6, 0)
                packet = ip + bytes([127, 0, 0, 1, 127, 0, 0, 1]) + tcp
                file.write(struct.pack("<IIII", index, 0, len(packet), len(packet)) + packet)


def tshark(path, *arguments):
    command = ["tshark", "-r", path, "-o", "tcp.check_checksum:FALSE", *arguments]
    result = subprocess.run(command, capture_output=True, text=True, timeout=100)
    assert result.returncode == 0, result.stderr
    return result.stdout


listener = socket.create_server(("127.0.0.1", 0))
threading.Thread(target=serve, args=(listener,), daemon=True).start()
talk(listener.getsockname()[1])
listener.close()
with tempfile.TemporaryDirectory() as folder:
    capture = folder + "/mqtt.pcap"
    with lock:
        write_capture(capture)
    wrong = tshark(capture, "-Y", "_ws.malformed or (mqtt and _ws.expert.severity >= 0x600000)")
    assert wrong == "", wrong
    from_broker = f"tcp.srcport == {MQTT_PORT}"
    types = tshark(capture, "-Y", from_broker, "-T", "fields", "-e", "mqtt.msgtype")
    found = {int(part) for line in types.split() for part in line.split(",")}
    # CONNACK, PUBLISH, PUBACK, PUBREC, PUBREL, PUBCOMP, SUBACK, UNSUBACK, PINGRESP, DISCONNECT
    expected = {2, 3, 4, 5, 6, 7, 9, 11, 13} | ({14} if version == "5" else set())
    assert found == expected, found
