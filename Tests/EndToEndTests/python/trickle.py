"""Shakes hands over TLS byte by byte and connects: trickle.py PORT

The status says whether the broker answered. Only the standard library is needed.
"""

import socket
import ssl
import sys

from late_turn import PATIENCE, connect

raw = socket.create_connection(("127.0.0.1", int(sys.argv[1])), PATIENCE)
raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
context = ssl.create_default_context()
context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
session = context.wrap_bio(incoming, outgoing)


def finish(step):
    """Does a step of the session, however many bytes that takes."""
    while True:
        try:
            result, is_done = step(), True
        except ssl.SSLWantReadError:
            result, is_done = None, False
        for byte in outgoing.read():
            raw.sendall(bytes([byte]))
        if is_done:
            return result
        incoming.write(raw.recv(65536))


finish(session.do_handshake)
finish(lambda: session.write(connect("trickle")))
sys.exit(0 if finish(lambda: session.read(4)) == b"\x20\x02\x00\x00" else 1)
