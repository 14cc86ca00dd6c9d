"""CPU from exec until ready, and resident memory: at rest, and after some thousand events."""

import compileall
import sys
from collections.abc import Mapping
from pathlib import Path

import psutil
from tests.support.receiver_process import KEYS
from tests.support.servers import Server, free_port

import salesloft_webhooks
from bench import filling, peer_environment, workers
from bench.load import Order
from bench.machine import CORES, cpu_seconds, poll
from bench.options import Options
from bench.programs import Program, answers, running, store
from bench.sections.receive import UVICORN
from bench.sending import send
from bench.slices import Measured, Slice, Stage

EVENTS = 5_000
MEGABYTE = 1e6


def run(options: Options) -> Stage:
    """Measure, from compiled modules as in the image: not everywhere does Python keep what it compiles."""
    stage = Stage("start-up", options)
    compileall.compile_dir(Path(salesloft_webhooks.__file__).parent, quiet=1)
    contenders: dict[str, Slice] = {
        "ours, receiver": lambda number: _ours("receiver", number),
        "ours, worker": lambda number: _ours("worker", number),
        "bare uvicorn": lambda _: _listening((*UVICORN, "error", "--port", "$PORT", "bench.peers.bare:app"), {}),
    }
    if peer_environment.has_node():
        contenders["Express and ioredis"] = lambda _: _listening(
            ("node", str(peer_environment.NODE / "express.mjs")), {"SECRET": "secret", **peer_environment.OF_NODE}
        )
    stage.interleave(contenders)
    return stage


def _ours(role: str, number: int) -> Measured:
    port, ops_port = free_port(), free_port()
    with store(CORES.store) as server:
        environment = {**KEYS["envelope"], "REDIS_URL": server.url, "SHUTDOWN_DELAY_SECONDS": "0"}
        environment |= {**workers.ours().environment, "PORT": str(port), "OPS_PORT": str(ops_port)}
        with running((sys.executable, "-m", "salesloft_webhooks", role), CORES.measured, environment) as program:
            poll(lambda: program.alive() and answers(ops_port, "/readyz"), seconds=30, what="readiness", every=0.005)
            measured = {"cpu s": _cpu(program), "MB at rest": program.rss / MEGABYTE}
            _busy(role, server, port, number)
            return measured | {"MB after work": program.rss / MEGABYTE}


def _busy(role: str, server: Server, port: int, number: int) -> None:
    if role == "receiver":
        send(Order(port, EVENTS, number))
        return
    filling.fill(server.url, EVENTS, run=number)
    with server.client() as client:
        poll(lambda: workers.ours().empty(client), seconds=60, what="everything is handled")


def _listening(command: tuple[str, ...], environment: Mapping[str, str]) -> Measured:
    """A peer is ready when it answers anything."""
    port = free_port()
    with store(CORES.store) as server:
        words = [word.replace("$PORT", str(port)) for word in command]
        variables = {**environment, "PORT": str(port), "REDIS_URL": server.url}
        with running(words, CORES.measured, variables) as program:
            poll(lambda: program.alive() and answers(port, "/", status=0), seconds=30, what="an answer", every=0.005)
            return {"cpu s": _cpu(program), "MB at rest": program.rss / MEGABYTE}


def _cpu(program: Program) -> float:
    return cpu_seconds(psutil.Process(program.process.pid))
