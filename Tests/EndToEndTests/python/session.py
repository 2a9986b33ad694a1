"""Leaves in order and without a word; the session and its messages are there afterwards."""
import socket
import sys

from common import WAIT_SECONDS, Client

COUNT = 300
port, version = int(sys.argv[1]), sys.argv[2]
first = Client(port, version, "me", clean=False, expiry_seconds=3600)
assert not first.flags.session_present
first.subscribe("a", 2)
first.leave()
publisher = Client(port, version, "publisher")
for index in range(COUNT):
    publisher.publish("a", str(index), 2)
second = Client(port, version, "me", clean=False, expiry_seconds=3600)
assert second.flags.session_present
for index in range(COUNT):
    assert second.next().payload == str(index).encode()
    if index == 20:
        # The network fails in the midst of handshakes: nothing is lost, nothing comes twice.
        transport = second.client.socket()
        getattr(transport, "_socket", transport).shutdown(socket.SHUT_RDWR)
flags, code = second.connack.get(timeout=WAIT_SECONDS)
assert flags.session_present and not code.is_failure
second.expect_nothing()
second.leave()
fresh = Client(port, version, "me", clean=True)
assert not fresh.flags.session_present
fresh.expect_nothing()
fresh.leave()
