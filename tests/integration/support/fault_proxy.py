"""A TCP proxy on loopback that makes a network fail: stalls, cuts after so many bytes, resets."""

import selectors
import socket
import struct
import threading

from . import process


class FaultProxy:
    """Forwards 127.0.0.1:port to `target`. Modes, for old and new connections alike:

    pass    forward
    stall   take connections and bytes, forward nothing: a network that swallows packets
    reset   reset what is there, and what comes
    With `stall_after`, each connection stalls when so many bytes have come from the server.
    """

    def __init__(self, target, stall_after=None):
        self.target, self.stall_after, self.mode = target, stall_after, "pass"
        self.port = process.free_port()
        self._listener = socket.create_server(("127.0.0.1", self.port))
        self._pairs = []        # (client, server, bytes that came from the server)
        self._lock = threading.Lock()
        self._stopped = False
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def set(self, mode):
        with self._lock:
            self.mode = mode
            if mode == "reset":
                self._reset_all()

    @property
    def connections(self):
        with self._lock:
            return len(self._pairs)

    def close(self):
        self._stopped = True
        self._thread.join()
        self._listener.close()
        self._reset_all()

    @staticmethod
    def _reset(one):
        try:
            one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        except OSError:
            pass
        one.close()

    def _reset_all(self):
        for client, server, _ in self._pairs:
            self._reset(client), self._reset(server)
        self._pairs.clear()

    def _accept(self):
        client, _ = self._listener.accept()
        if self.mode == "reset":
            self._reset(client)
            return
        try:
            self._pairs.append((client, socket.create_connection(self.target, timeout=5), [0]))
        except OSError:
            self._reset(client)

    def _stalls(self, count):
        return self.mode == "stall" or (self.stall_after is not None and count[0] >= self.stall_after)

    def _forward(self, pair, source):
        client, server, count = pair
        limit = 65536
        if source is server and self.stall_after is not None:
            limit = min(limit, self.stall_after - count[0])
        try:
            data = source.recv(limit)
            if data:
                (client if source is server else server).sendall(data)
                count[0] += len(data) if source is server else 0
                return
        except OSError:
            pass
        self._pairs.remove(pair)
        client.close(), server.close()

    def _run(self):
        while not self._stopped:
            with self._lock:
                selector = selectors.DefaultSelector()
                selector.register(self._listener, selectors.EVENT_READ)
                for pair in self._pairs:
                    if not self._stalls(pair[2]):
                        selector.register(pair[0], selectors.EVENT_READ, (pair, pair[0]))
                        selector.register(pair[1], selectors.EVENT_READ, (pair, pair[1]))
                for key, _ in selector.select(0.005):
                    if key.data is None:
                        self._accept()
                    elif key.data[0] in self._pairs and not self._stalls(key.data[0][2]):
                        self._forward(*key.data)
                selector.close()
