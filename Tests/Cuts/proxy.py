"""A proxy in front of a broker that cuts connections: the first few, each after some bytes of the
client, without a word and with whatever is on its way."""
import select
import socket
import struct
import threading


class CuttingProxy:
    """Passes bytes on to `port`; the connection with number n is cut after `cuts[n]` bytes."""

    def __init__(self, port, cuts):
        self.target, self.cuts = port, list(cuts)
        self.cut_count = 0
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            limit = self.cuts.pop(0) if self.cuts else None
            threading.Thread(target=self.relay, args=(client, limit), daemon=True).start()

    def relay(self, client, limit):
        server = socket.create_connection(("127.0.0.1", self.target))
        for end in (client, server):
            end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        passed = 0
        try:
            while True:
                for end in select.select([client, server], [], [])[0]:
                    other = server if end is client else client
                    data = end.recv(4096)
                    if not data:
                        return
                    if end is client and limit is not None and passed + len(data) > limit:
                        other.sendall(data[:limit - passed])
                        self.cut_count += 1
                        return self.cut(client, server)
                    if end is client:
                        passed += len(data)
                    other.sendall(data)
        except OSError:
            pass
        finally:
            client.close()
            server.close()

    @staticmethod
    def cut(*ends):
        for end in ends:
            end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    def close(self):
        self.listener.close()
