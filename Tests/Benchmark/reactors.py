#!/usr/bin/env python3
"""Measures what a second reactor brings when one is saturated.

  Tests/Benchmark/reactors.py [--rounds 5] [--seconds 6] [--subscribers 64] [--bytes 65536]
                              [--broker PATH]

One client publishes large messages at QoS 0 and many receive them over TLS, so that nearly all of
the broker's work is encrypting and writing, outside of the engine's lock. The subscribers never
decrypt: after the handshake and SUBACK the kernel throws away what they are sent (MSG_TRUNC), which
leaves the other core to the broker. Tells the bytes delivered a second and the broker's CPU for each
GiB with `--threads 1` and with `--threads 2` in turn, after two seconds in which reactors may join.
Needs Python 3, two cores, an otherwise idle machine, and `swift build -c release`.
"""
import argparse
import multiprocessing
import os
import select
import socket
import ssl
import statistics
import time

from benchmark import ROOT, Broker
from generator import packet, text

WARM_UP_SECONDS = 2


def connect_packet(name):
    return packet(0x10, text("MQTT") + b"\x04\x02\x00\x00" + text(name))


class Sink:
    """A subscriber over TLS whose messages are counted in bytes and thrown away unread."""

    def __init__(self, port, number):
        terms = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        terms.check_hostname, terms.verify_mode = False, ssl.CERT_NONE
        # A cipher that costs the broker much more than all the rest costs the machine: a reactor
        # joins only where a core is free for it.
        terms.maximum_version = ssl.TLSVersion.TLSv1_2
        terms.set_ciphers("ECDHE-ECDSA-AES256-SHA384")
        plain = socket.create_connection(("127.0.0.1", port))
        secured = terms.wrap_socket(plain)
        secured.sendall(connect_packet(f"sink-{number}"))
        if secured.recv(4) != b"\x20\x02\x00\x00":
            raise SystemExit("a subscriber was not let in")
        secured.sendall(packet(0x82, b"\x00\x01" + text("t") + b"\x00"))
        if secured.recv(5)[:1] != b"\x90":
            raise SystemExit("a subscription was refused")
        self.secured = secured
        self.socket = socket.socket(fileno=os.dup(secured.fileno()))
        self.socket.setblocking(False)


def publish(port, size):
    client = socket.create_connection(("127.0.0.1", port))
    client.sendall(connect_packet("publisher"))
    client.recv(4)
    message = packet(0x30, text("t") + bytes(size))
    try:
        while True:
            client.sendall(message)
    except OSError:
        pass


def measure(options, threads):
    """The GiB delivered a second, the broker's CPU seconds for each, and the cores it used."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        secured = probe.getsockname()[1]
    command = ["env", "XDG_DATA_HOME=FOLDER", options.broker, "broker", "--memory", "-q", "-p",
               "PORT", "--tls-port", str(secured), "--threads", str(threads)]
    with Broker(command) as broker:
        room, sockets, poller = bytearray(1 << 20), {}, select.epoll()
        for number in range(options.subscribers):
            sink = Sink(secured, number)
            sockets[sink.socket.fileno()] = sink
            poller.register(sink.socket.fileno(), select.EPOLLIN)
        publisher = multiprocessing.Process(target=publish, args=(broker.port, options.bytes))
        publisher.start()
        count, is_warm = 0, False
        begin = time.monotonic() + WARM_UP_SECONDS
        while (now := time.monotonic()) < begin + options.seconds:
            if now >= begin and not is_warm:
                count, is_warm = 0, True
                broker.meter.start()
            for number, _ in poller.poll(0.1):
                count += sockets[number].socket.recv_into(room, len(room), socket.MSG_TRUNC)
        used = broker.meter.stop()
    publisher.join()
    gibibytes = count / (1 << 30)
    return gibibytes / options.seconds, used / gibibytes, used / options.seconds


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=6)
    parser.add_argument("--subscribers", type=int, default=64)
    parser.add_argument("--bytes", type=int, default=65536)
    parser.add_argument("--broker", default=str(ROOT / ".build/release/mqtt"))
    options = parser.parse_args()
    results = {1: [], 2: []}
    for number in range(options.rounds):
        for threads, of_it in results.items():
            of_it.append(measure(options, threads))
            rate, cost, cores = of_it[-1]
            print(f"round {number + 1}: --threads {threads} {rate:5.2f} GiB/s, "
                  f"{cost:.2f} s of CPU for each GiB, {cores:.2f} cores", flush=True)
    one, two = (statistics.median(rate for rate, _, _ in results[threads]) for threads in (1, 2))
    print(f"a second reactor delivers {two / one:.2f} times as much ({one:.2f} and {two:.2f} GiB/s)")


if __name__ == "__main__":
    main()
