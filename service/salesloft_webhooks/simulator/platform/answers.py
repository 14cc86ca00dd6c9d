"""The forms of what the API answers, and what it answers when it was ordered to fail."""

from collections.abc import Mapping

import msgspec
from aiohttp import web

from salesloft_webhooks.simulator.platform.faults import Fault

HTML = "<!DOCTYPE html><html><body>Please log in</body></html>"
NO_TOKEN = "No Bearer Token attached to request, please see documentation at developers.salesloft.com"  # noqa: S105


def json_answer(body: object, status: int = 200) -> web.Response:
    """An answer with a JSON body."""
    return web.Response(body=msgspec.json.encode(body), status=status, content_type="application/json")


def error(status: int, words: str) -> web.Response:
    """A refusal in the form of 401, 403 and 404."""
    return json_answer({"error": words}, status)


def invalid(problems: Mapping[str, list[str]]) -> web.Response:
    """A refusal in the form of 422."""
    return json_answer({"errors": problems}, 422)


def unknown_token() -> web.Response:
    """The token is not valid, or not any more."""
    return error(401, "Invalid Bearer token")


def small_scope() -> web.Response:
    """The token is valid and may not do this."""
    return error(403, "You do not have the scope for this")


def spent(wait_seconds: float) -> web.Response:
    """The rate limit is used up; 0: without saying how long to wait."""
    answer = error(429, "Rate limit exceeded")
    if wait_seconds:
        answer.headers["Retry-After"] = str(max(1, round(wait_seconds)))
    return answer


def failed() -> web.Response:
    """Something is wrong at SalesLoft."""
    return error(500, "Internal Server Error")


def instead(fault: Fault | None) -> web.Response | None:
    """What is answered in place of doing anything; None: it is done first, or the fault is of another kind."""
    if fault is Fault.HTML:
        return web.Response(text=HTML, content_type="text/html")
    if fault is Fault.HALF:
        return web.Response(body=b'{"metadata":{"paging":{}},"data":[{"id":1', content_type="application/json")
    if fault is Fault.EMPTY:
        return json_answer({"metadata": {"paging": {}}, "data": []})
    if fault is Fault.ERROR:
        return failed()
    if fault is Fault.REVOKED:
        return unknown_token()
    return small_scope() if fault is Fault.FORBIDDEN else None
