"""Plain Starlette: verify, SET NX, XADD, answer; each request makes its own round trips, as most people write it."""

import hashlib
import hmac
import json
import os
import time

import redis.asyncio as redis
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

SECRET = os.environ["SECRET"].encode()
KEPT_SECONDS = 7 * 86_400
client = redis.Redis.from_url(os.environ["REDIS_URL"])


async def webhook(request: Request) -> JSONResponse:
    """Take one delivery."""
    body, sent_at = await request.body(), request.headers["x-salesloft-timestamp"]
    expected = hmac.new(SECRET, sent_at.encode() + b"." + body, hashlib.sha256).hexdigest()
    fresh = abs(time.time() - int(sent_at)) < 300
    if not fresh or not hmac.compare_digest(expected, request.headers["x-salesloft-signature"]):
        return JSONResponse({"error": "signature"}, 401)
    event = json.loads(body)
    if not await client.set(f"event:{event['event_id']}", 1, nx=True, ex=KEPT_SECONDS):
        return JSONResponse({"status": "already_processed"})
    data = json.dumps(event["data"])
    await client.xadd("events", {"id": event["event_id"], "type": event["event_type"], "body": data})
    return JSONResponse({"received": True})


app = Starlette(routes=[Route("/webhooks/salesloft", webhook, methods=["POST"])])
