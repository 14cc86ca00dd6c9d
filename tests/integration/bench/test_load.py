"""The load generator tells all that it has measured."""

import socketserver
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread

import msgspec
import pytest
from bench.load import Order, Sent
from bench.options import Options
from bench.sending import send
from bench.slices import Stage

from tests.support.rules_and_dashboards import ROOT

MANY = 20_000
LOOP = "import asyncio, uvloop; uvloop.run(asyncio.sleep(0))"  # after it a write to a full pipe may be a short one
SAY = f"from bench.load import Sent, say; {LOOP}; t = [1.25] * {MANY}; say(Sent({MANY}, 6.0, t, t, 0.5))"


def test_says_all_of_it() -> None:
    """More than a pipe holds arrives whole at one who reads late, with Python's output unbuffered or not."""
    for unbuffered in ("", "1"):
        command, environment = [sys.executable, "-c", SAY], {"PYTHONUNBUFFERED": unbuffered}
        with subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE) as process:
            assert process.stdout
            time.sleep(2)  # until the pipe is full
            answer = process.stdout.read()

        assert len(msgspec.json.decode(answer, type=Sent).latencies) == MANY


RIGHT = b'HTTP/1.1 200 OK\r\ncontent-length: 17\r\n\r\n{"received":true}'
WRONG_BODY = b'HTTP/1.1 200 OK\r\ncontent-length: 18\r\n\r\n{"received":false}'
WRONG_STATUS = RIGHT.replace(b"200 OK", b"503 Service Unavailable")
TEXT = b"HTTP/1.1 503 Service Unavailable\r\ncontent-length: 5\r\n\r\nlater"
OPEN = b""
"""No answer, and the connection stays open."""


@contextmanager
def answering(*answers: bytes) -> Iterator[int]:
    """A server that gives the requests of each connection these answers in turn and closes it behind them; its port."""

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            for answer in answers:
                if self.request.recv(65536):
                    self.request.sendall(answer)
                if answer in {TEXT, OPEN}:
                    self.request.recv(1)  # until the other side has had enough

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}).start()
        try:
            yield server.server_address[1]
        finally:
            server.shutdown()


def test_right_answers_are_counted() -> None:
    """Three deliveries, three right answers: that many are told."""
    with answering(RIGHT, RIGHT, RIGHT) as port:
        assert send(Order(port=port, count=3, run=1, connections=1)).answered == 3


@pytest.mark.parametrize(
    "answers",
    [(RIGHT, WRONG_BODY, RIGHT), (RIGHT, WRONG_STATUS, RIGHT), (RIGHT, RIGHT), (RIGHT, TEXT), (RIGHT, OPEN)],
    ids=["another body", "another status", "no answer", "another status with text", "silence"],
)
def test_one_wrong_answer_ends_the_slice_and_fails_the_contender(answers: tuple[bytes, ...]) -> None:
    """Whoever refuses or loses one delivery has no figure at all, and is named as a failure of the run."""
    stage = Stage("receive", Options(rounds=2, repeats=0))
    with answering(*answers) as port:
        order = Order(port=port, count=3, run=1, connections=1, seconds=1, patience=1)
        stage.interleave({"a peer": lambda _: {"answered": send(order).answered}})

    assert stage.figures == []
    assert list(stage.failures) == ["a peer"]
