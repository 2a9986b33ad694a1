#!/usr/bin/env python3
"""Measures what a flood of logins costs the clients that are already there.

  Tests/Benchmark/flood.py [--rounds 5] [--seconds 5] [--broker PATH] [--hash argon2id|sha512-pbkdf2]
                           [--flooders 200]

One client publishes 500 messages a second at QoS 0 and another receives them; the time each took is
kept. Meanwhile 200 connections from 200 addresses log in with wrong passwords, each again as soon as
it has been refused. Tells the latency at p50 and p99 without and with the flood (medians of the
rounds), the logins answered a second, and fails when the flood adds more than 5 ms at p99.
Needs Python 3 and `swift build -c release`.
"""
import argparse
import multiprocessing
import os
import pathlib
import select
import socket
import statistics
import subprocess
import sys
import tempfile
import time

from benchmark import ROOT
from generator import Client, packet, publish_packet, text

RATE = 500
ADDED_LIMIT_MILLISECONDS = 5


def login_packet(name, user, password):
    flags = b"\xc2"
    return packet(0x10, text("MQTT") + b"\x04" + flags + b"\x00\x00" + text(name) + text(user)
                  + text(password))


class User(Client):
    """A client that has a password."""

    def __init__(self, port, name):
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.sendall(login_packet(name, "somebody", "right"))
        answer = self.socket.recv(4)
        if answer != b"\x20\x02\x00\x00":
            raise SystemExit(f"{name} was not let in: {answer}")
        self.unsent = self.rest = b""
        self.delivered = 0


def flood(port, count, answered, is_over):
    """Wrong logins on so many connections at a time, each from an address of its own."""
    poller, clients, made = select.epoll(), {}, 0

    def begin(number):
        client = socket.socket()
        client.bind((f"127.1.{number // 250}.{number % 250 + 1}", 0))
        client.setblocking(False)
        client.connect_ex(("127.0.0.1", port))
        clients[client.fileno()] = (client, number)
        poller.register(client.fileno(), select.EPOLLOUT)

    for number in range(count):
        begin(number)
    while not is_over.is_set():
        for descriptor, events in poller.poll(0.1):
            client, number = clients[descriptor]
            try:
                if events & select.EPOLLOUT:
                    made += 1
                    client.send(login_packet(f"f{number}-{made}", "somebody", f"wrong{made}"))
                    poller.modify(descriptor, select.EPOLLIN)
                    continue
                if client.recv(64)[:4] == b"\x20\x02\x00\x05":
                    with answered.get_lock():
                        answered.value += 1
            except OSError:
                pass
            poller.unregister(descriptor)
            del clients[descriptor]
            client.close()
            begin(number)


def latencies(port, seconds):
    """Milliseconds from the moment each message was due to the moment it was there."""
    receiver, sender = User(port, "receiver"), User(port, "sender")
    receiver.subscribe("load/0", 0)
    message = publish_packet("load/0", 0)
    size, held, taken = len(message), 0, []
    begun = time.perf_counter()
    sent, total = 0, int(RATE * seconds)
    while len(taken) < total:
        now = time.perf_counter()
        while sent < total and begun + sent / RATE <= now:
            sender.socket.sendall(message)
            sent += 1
        pause = max(0, begun + sent / RATE - now) if sent < total else 5
        if select.select([receiver.socket], [], [], pause)[0]:
            held += len(receiver.socket.recv(1 << 16))
            now = time.perf_counter()
            while held >= size:
                held -= size
                taken.append((now - begun - len(taken) / RATE) * 1e3)
    for client in (receiver, sender):
        client.socket.close()
    taken.sort()
    return taken[len(taken) // 2], taken[len(taken) * 99 // 100]


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--broker", default=str(ROOT / ".build/release/mqtt"))
    parser.add_argument("--hash", default="argon2id")
    parser.add_argument("--flooders", type=int, default=200)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="mqtt-flood-") as folder:
        passwords = os.path.join(folder, "passwords")
        subprocess.run(
            [options.broker, "broker", "passwd", "-c", "-b", "-H", options.hash, passwords,
             "somebody", "right"], check=True)
        with socket.create_server(("127.0.0.1", 0)) as probe:
            port = probe.getsockname()[1]
        broker = subprocess.Popen(
            [options.broker, "broker", "--quiet", "--memory", "-p", str(port), "--passwords",
             passwords], stdin=subprocess.DEVNULL)
        try:
            time.sleep(1)
            measure(options, port)
        finally:
            broker.terminate()
            broker.wait(20)


def measure(options, port):
    quiet, flooded, rates = [], [], []
    for _ in range(options.rounds):
        quiet.append(latencies(port, options.seconds))
        answered, is_over = multiprocessing.Value("q", 0), multiprocessing.Event()
        flooder = multiprocessing.Process(
            target=flood, args=(port, options.flooders, answered, is_over))
        flooder.start()
        begun = time.monotonic()
        try:
            flooded.append(latencies(port, options.seconds))
        finally:
            is_over.set()
            flooder.join()
        rates.append(answered.value / (time.monotonic() - begun))
    medians = [[statistics.median(row[at] for row in rows) for at in (0, 1)]
               for rows in (quiet, flooded)]
    print(f"{os.cpu_count()} cores, passwords hashed by {options.hash}, medians of "
          f"{options.rounds} rounds")
    print(f"without the flood  p50 {medians[0][0]:6.2f} ms  p99 {medians[0][1]:6.2f} ms")
    print(f"with the flood     p50 {medians[1][0]:6.2f} ms  p99 {medians[1][1]:6.2f} ms"
          f"  {statistics.median(rates):,.0f} refused logins a second")
    added = medians[1][1] - medians[0][1]
    if added > ADDED_LIMIT_MILLISECONDS:
        sys.exit(f"the flood adds {added:.2f} ms at p99")


if __name__ == "__main__":
    main()
