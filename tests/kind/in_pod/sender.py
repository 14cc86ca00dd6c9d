"""Post signed deliveries at a steady rate until SIGINT, each on a connection of its own: host, secret, rate, retries.

A fifth argument is the certificate authority to trust, in PEM, and has it speak TLS.

Prints how many there were (``sent``), and by what the answer was, how many ended without a 200 (``lost``) and how many
attempts did (``failed``).
"""

import hashlib
import hmac
import http.client
import json
import signal
import ssl
import sys
import threading
import time
import uuid
from collections import Counter
from concurrent.futures import Future, ThreadPoolExecutor

HOST, SECRET = sys.argv[1], sys.argv[2].encode()
RATE, RETRIES = float(sys.argv[3]), int(sys.argv[4])
TRUST = ssl.create_default_context(cadata=sys.argv[5]) if sys.argv[5:] else None


def attempt(body: bytes) -> str:
    """One attempt: the status, or what went wrong before there was one."""
    timestamp = str(int(time.time()))
    signature = hmac.new(SECRET, timestamp.encode() + b"." + body, hashlib.sha256).hexdigest()
    headers = {"X-Salesloft-Timestamp": timestamp, "X-Salesloft-Signature": signature, "Connection": "close"}
    connection = (
        http.client.HTTPSConnection(HOST, timeout=15, context=TRUST)
        if TRUST
        else http.client.HTTPConnection(HOST, timeout=15)
    )
    try:
        connection.request("POST", "/webhooks/salesloft", body, headers)
        return str(connection.getresponse().status)
    except (OSError, http.client.HTTPException) as exc:
        return type(exc).__name__
    finally:
        connection.close()


def deliver(number: int) -> list[str]:
    """One delivery with its repetitions, 15 s apart as SalesLoft's are."""
    event = {
        "event_type": "person.updated",
        "event_id": str(uuid.uuid4()),
        "created_at": "2026-03-07T04:26:14Z",
        "data": {"id": 1 + number % 50, "first_name": "Robin"},
    }
    body = json.dumps(event).encode()
    answers = [attempt(body)]
    while answers[-1] != "200" and len(answers) <= RETRIES:
        time.sleep(15)
        answers.append(attempt(body))
    return answers


stopped = threading.Event()
signal.signal(signal.SIGINT, lambda *_: stopped.set())
with ThreadPoolExecutor(500) as pool:
    running: list[Future[list[str]]] = []
    while not stopped.wait(1 / RATE):
        running.append(pool.submit(deliver, len(running)))
deliveries = [future.result() for future in running]
lost = Counter(answers[-1] for answers in deliveries if answers[-1] != "200")
failed = Counter(answer for answers in deliveries for answer in answers if answer != "200")
print(json.dumps({"sent": len(deliveries), "lost": lost, "failed": failed}))
