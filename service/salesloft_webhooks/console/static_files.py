"""What pages need beside themselves: one style sheet, two scripts, an icon. Read once, named by their content."""

from hashlib import sha256
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response

from salesloft_webhooks.console.refusals import NotFound

FOLDER = Path(__file__).with_name("static")
KINDS = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
FOR_EVER = "public, max-age=31536000, immutable"


class StaticFiles:
    """The files, by an address that changes with them: browsers keep them for ever, and never too long."""

    def __init__(self) -> None:
        self._contents: dict[str, tuple[bytes, str]] = {}
        self._addresses: dict[str, str] = {}
        for path in sorted(FOLDER.iterdir()):
            if path.suffix in KINDS:
                content = path.read_bytes()
                name = f"{sha256(content).hexdigest()[:12]}-{path.name}"
                self._contents[name] = content, KINDS[path.suffix]
                self._addresses[path.name] = f"/static/{name}"

    def address(self, name: str) -> str:
        """Where the file of this name is."""
        return self._addresses[name]

    async def answer(self, request: Request) -> Response:
        """The file that a request asks for.

        Raises:
            NotFound: there is none.
        """
        name = request.path_params.get("name") or self._addresses["favicon.svg"].rpartition("/")[2]
        if (found := self._contents.get(name)) is None:
            raise NotFound("There is no such file")
        content, kind = found
        return Response(content, media_type=kind, headers={"cache-control": FOR_EVER})
