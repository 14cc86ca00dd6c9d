"""That an unsafe request comes from a page of ours: no other site may have somebody's browser press our buttons.

There is no cookie of ours that a token could be compared with (behind a proxy, the cookie is the proxy's), and tokens
in forms break where several consoles stand behind one address. A browser says itself which site a request comes from,
in headers that no page can set: ``Sec-Fetch-Site``, and before those ``Origin``.
"""

from starlette.requests import Request

SAFE = frozenset({"GET", "HEAD"})


def comes_from_ours(request: Request) -> bool:
    """Whether the request may change something, as far as where it comes from is concerned.

    What names no site at all is no browser's: that is for the sign-in to judge (`carries_own_proof`).
    """
    if request.method in SAFE:
        return True
    if (site := request.headers.get("sec-fetch-site")) is not None:
        return site == "same-origin"
    origin = request.headers.get("origin", "")
    _, _, host = origin.partition("//")
    return bool(host) and host.lower() == request.headers.get("host", "").lower()
