"""An attack on a live receiver: streams of requests by the grammar, beside signed deliveries that are counted.

What it stored of each stream is compared with what h11 reads in it (`reference`), but for the `differences`.
"""

import json
import os
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from itertools import takewhile
from multiprocessing import get_context
from multiprocessing.connection import Connection as Pipe
from pathlib import Path
from threading import Event

from tests.fuzz.http.differences import READ, REFUSED
from tests.fuzz.http.grammar import Grammar
from tests.fuzz.http.reference import Request, reading_of
from tests.support.http_client import Connection
from tests.support.receiver_process import PATH, ReceiverProcess, delivery, envelope, signed_headers

ATTACKERS = 4
"""Connections at a time."""
AT_ONCE = 1_000
"""Streams made at a time: what is signed counts for five minutes."""
BEFORE_SECONDS = 1.0
"""Of signed traffic without an attack, to compare with."""
Answered = tuple[list[str], list[float]]
"""Ids of what was acknowledged, and how long each answer took, in seconds."""
LIMITS = {"BODY_TIMEOUT_SECONDS": "5"}
"""Of a receiver that is attacked: whoever ends a stream says so, and on a busy machine the rest is late."""
PAUSE_SECONDS = 0.005
"""Between an answer to signed traffic and the next delivery."""
MOST_MEMORY, MOST_FILES = 60_000_000, 64
"""What the receiver may hold more of than before: connections linger for two seconds after a refusal."""


@dataclass(frozen=True)
class Held:
    """What a process holds.

    Attributes:
        memory: Resident bytes.
        files: Descriptors.
    """

    memory: int
    files: int

    @classmethod
    def of(cls, pid: int) -> "Held":
        """What this process holds now."""
        pages = int(Path(f"/proc/{pid}/statm").read_text("ascii").split()[1])
        return cls(pages * os.sysconf("SC_PAGE_SIZE"), len(list(Path(f"/proc/{pid}/fd").iterdir())))


@dataclass
class Attacked:
    """What came of an attack.

    Attributes:
        before: What the receiver held.
        most: The most that it was seen to hold.
        after: What it held in the end.
        streams: What was sent, by what the ids of its events begin with.
        statuses: How often each was answered.
        acknowledged: Ids in the signed traffic that were answered 200.
        seconds_before: How long each of those took before the attack.
        seconds_beside: And beside it.
        seconds_taken: By the attack.
        load: The machine's load average in the end.
    """

    before: Held
    most: Held = Held(0, 0)
    after: Held = Held(0, 0)
    streams: dict[str, bytes] = field(default_factory=dict)
    statuses: Counter[int] = field(default_factory=Counter)
    acknowledged: list[str] = field(default_factory=list)
    seconds_before: list[float] = field(default_factory=list)
    seconds_beside: list[float] = field(default_factory=list)
    seconds_taken: float = 0.0
    load: float = 0.0

    def add_traffic(self, traffic: "Pipe[str, Answered]", seconds: list[float]) -> None:
        """Add what was sent since this was called last."""
        traffic.send("what was answered?")
        ids, taken = traffic.recv()
        self.acknowledged += ids
        seconds += taken


def attack(receiver: ReceiverProcess, streams: int, seed: int) -> Attacked:
    """Send so many streams, and signed traffic for a second before, and until they have all been answered."""
    grammar, over = Grammar(seed, PATH, signed_headers), Event()
    with ThreadPoolExecutor(ATTACKERS + 1) as threads, _traffic(receiver.port) as traffic:
        time.sleep(BEFORE_SECONDS)
        found, began = Attacked(Held.of(receiver.pid)), time.monotonic()
        found.add_traffic(traffic, found.seconds_before)
        watching = threads.submit(_watch, receiver, found, over)
        try:
            for start in range(0, streams, AT_ONCE):
                made = dict(_made(grammar, range(start, min(start + AT_ONCE, streams))))
                found.streams |= {begin: b"".join(pieces) for begin, pieces in made.items()}
                for answers in threads.map(partial(_answers, receiver.port), made.values()):
                    found.statuses.update(answers)
        finally:
            over.set()
        watching.result()
        found.add_traffic(traffic, found.seconds_beside)
    found.seconds_taken = time.monotonic() - began
    found.after, found.load = Held.of(receiver.pid), os.getloadavg()[0]
    return found


def problems(streams: dict[str, bytes], ids: list[str]) -> dict[str, str]:
    """The streams of which something else is stored than h11 reads, without a reason for it.

    Args:
        streams: See `Attacked`.
        ids: Of the stored events.
    """
    stored: dict[str, set[str]] = {}
    for each in ids:
        stored.setdefault(each.rpartition("-")[0], set()).add(each)
    found = {begin: _unexplained(raw, stored.get(begin, set())) for begin, raw in streams.items()}
    return {begin: problem for begin, problem in found.items() if problem}


def _made(grammar: Grammar, numbers: range) -> Iterator[tuple[str, list[bytes]]]:
    for number in numbers:
        raw = grammar.stream([envelope(f"attack-{number}-{place}") for place in range(1 + number % 3)])
        yield f"attack-{number}", grammar.pieces(raw)


def _answers(port: int, pieces: list[bytes]) -> list[int]:
    """The answers to what arrives in these pieces, after which the client has said everything."""
    found: list[int] = []
    with Connection(port) as connection, suppress(ConnectionError):
        with suppress(ConnectionError):
            for piece in pieces:
                connection.send(piece)
            connection.end()
        while (reply := connection.reply()) is not None:
            found.append(reply.status)
    return found


@contextmanager
def _traffic(port: int) -> "Iterator[Pipe[str, Answered]]":
    """Signed traffic from a process of its own, so that it does not wait for the attackers; see `_send_traffic`."""
    context = get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_send_traffic, args=(port, theirs), daemon=True)
    process.start()
    try:
        theirs.close()
        yield ours
    finally:
        ours.close()
        process.join()


def _send_traffic(port: int, asked: "Pipe[Answered, str]") -> None:
    """Send deliveries, one after the other; say which were acknowledged and how long each took when asked for it."""
    ids, seconds, number = [], [], 0
    with Connection(port) as connection, suppress(EOFError):
        while True:
            number, began = number + 1, time.monotonic()
            connection.send(delivery(envelope(f"traffic-{number}")))
            reply = connection.reply()
            seconds.append(time.monotonic() - began)
            assert reply is not None, "signed traffic lost its connection"
            assert reply.status == 200, reply
            ids.append(f"traffic-{number}")
            if asked.poll(PAUSE_SECONDS):
                asked.recv()
                asked.send((ids, seconds))
                ids, seconds = [], []


def _watch(receiver: ReceiverProcess, found: Attacked, over: Event) -> None:
    while not over.wait(0.1):
        now = Held.of(receiver.pid)
        found.most = Held(max(found.most.memory, now.memory), max(found.most.files, now.files))


def _unexplained(raw: bytes, stored: set[str]) -> str:
    theirs = reading_of(raw)
    bounds = [0, *theirs.stops]
    taken = [_event_of(each) for each in _until_one_that_closes(theirs.requests)]
    if more := stored - set(taken):
        explained = len(taken) == len(theirs.requests) and any(each.shows(raw[bounds[-1] :]) for each in READ)
        return "" if explained else f"stored, and not read by h11: {sorted(more)}"
    missing = next((place for place, each in enumerate(taken) if each not in stored), None)
    if missing is None:
        return ""
    request = raw[bounds[missing] : bounds[missing + 1]]
    refused = stored == set(taken[:missing]) and any(each.shows(request) for each in REFUSED)
    return "" if refused else f"read by h11, and not stored: {taken[missing]}"


def _until_one_that_closes(requests: list[Request]) -> Iterator[Request]:
    """Those before the first that is no signed delivery: its answer closes the connection."""
    return takewhile(lambda each: each[0] == b"POST" and PATH.encode() in each[1] and each[2].endswith(b"}}"), requests)


def _event_of(request: Request) -> str:
    return str(json.loads(request[2])["event_id"])
