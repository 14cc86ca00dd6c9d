"""Print what an HTTP request is answered: method, address, JSON body or nothing, token or nothing."""

import sys
import urllib.request

METHOD, ADDRESS, BODY, TOKEN = (*sys.argv[1:], "", "")[:4]
headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {TOKEN}"} if TOKEN else {})
request = urllib.request.Request(ADDRESS, BODY.encode() or None, headers, method=METHOD)  # noqa: S310
with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310
    print(answer.read().decode() or "null")
