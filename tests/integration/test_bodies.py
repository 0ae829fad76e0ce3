"""Large bodies to and fro over real sockets, by examples/echo."""

import random
import socket
import struct
import threading

from test_restart import wait_serving

SIZES = [0, 1, 4096, 70000, 1 << 20, (1 << 20) + 1, 3000001]


def with_length(body):
    return b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(body) + body


def in_chunks(body, size):
    parts = [b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"]
    for at in range(0, len(body), size):
        parts.append(b"%x\r\n" % len(body[at:at + size]) + body[at:at + size] + b"\r\n")
    return b"".join([*parts, b"0\r\n\r\n"])


def read_answer(file):
    """(status, body)"""
    status, length = int(file.readline().split()[1]), 0
    while (line := file.readline()) != b"\r\n":
        name, value = line.split(b":", 1)
        if name.lower() == b"content-length":
            length = int(value)
    return status, file.read(length)


def exchange(server, bodies, chunk=None):
    """All of them pipelined, with a request without a body behind each. The answers are read while the rest is sent."""
    requests = b"".join((in_chunks(body, chunk) if chunk else with_length(body)) + b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
                        for body in bodies)
    with socket.create_connection(server.address) as client, client.makefile("rb") as answers:
        client.settimeout(120)
        sender = threading.Thread(target=client.sendall, args=(requests,))
        sender.start()
        for body in bodies:
            assert read_answer(answers) == (200, body)
            assert read_answer(answers) == (200, b"")
        sender.join()


def random_bodies(seed):
    source = random.Random(seed)
    return [source.randbytes(size) for size in SIZES]


def test_bodies_of_all_sizes_come_back_as_they_were(start_server):
    server = start_server("echo", "--workers", 1)
    wait_serving(server)
    exchange(server, random_bodies(1))
    for chunk in (1000, 40000, 300000):
        exchange(server, random_bodies(2), chunk)


def test_a_client_that_leaves_in_the_middle_harms_nobody(start_server):
    server = start_server("echo", "--workers", 1)
    wait_serving(server)
    body = random.Random(3).randbytes(20_000_000)
    for abrupt in (False, True):
        with socket.create_connection(server.address) as client:        # of its own body
            client.sendall(with_length(body)[:1_500_000])
            if abrupt:
                client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        with socket.create_connection(server.address) as client:        # of the answer
            client.sendall(with_length(body))
            assert client.recv(1000).startswith(b"HTTP/1.1 200 ")
            if abrupt:
                client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    exchange(server, [body])


def test_a_body_over_the_limit_is_413(start_server):
    server = start_server("echo", "--workers", 1)
    wait_serving(server)
    for head in (b"Content-Length: 67108865\r\n\r\n", b"Transfer-Encoding: chunked\r\n\r\n4000001\r\n"):
        with socket.create_connection(server.address) as client, client.makefile("rb") as answers:
            client.sendall(b"POST / HTTP/1.1\r\nHost: x\r\n" + head)
            assert read_answer(answers)[0] == 413
