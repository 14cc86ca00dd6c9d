"""Secrets of a release as files, for processes that run in the place of its pods."""

from dataclasses import dataclass
from pathlib import Path


@dataclass
class Mounted:
    """The Secrets of a release, mounted as Kubernetes does it: a link that is exchanged leads to all files at once.

    Attributes:
        directory: In the place of the chart's own.
        files: Where certificates lie.
    """

    directory: Path
    files: Path
    _version: int = 0

    def put(self, folder: str, contents: dict[str, bytes]) -> None:
        """Change a Secret."""
        self._version += 1
        target = self.directory / folder
        (version := target / f"..{self._version}").mkdir(parents=True)
        for name, content in contents.items():
            (version / name).write_bytes(content)
            if not (target / name).is_symlink():
                (target / name).symlink_to(f"..data/{name}")
        (target / "..new").symlink_to(version.name)
        (target / "..new").rename(target / "..data")

    def put_certificate(self, name: str) -> None:
        """Show this certificate from now on."""
        self.put(
            "redis-client",
            {f"tls.{end}": self._read(f"{name}.{ours}") for end, ours in (("crt", "pem"), ("key", "key"))},
        )

    def put_authority(self) -> None:
        """Trust the authority of the servers."""
        self.put("redis-ca", {"ca.crt": self._read("ca.pem")})

    def put_password(self, folder: str, password: str) -> None:
        """Log in with this password from now on."""
        self.put(folder, {"password": password.encode()})

    def _read(self, name: str) -> bytes:
        return (self.files / name).read_bytes()
