"""Which requests come from a program, that is answered in JSON."""

from starlette.requests import Request

API = "/api/v1"


def wants_json(request: Request) -> bool:
    """Whether a program asks."""
    accepted = request.headers.get("accept", "")
    return request.url.path.startswith(f"{API}/") or ("application/json" in accepted and "text/html" not in accepted)
