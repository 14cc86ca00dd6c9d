"""A certificate authority of the tests' own, and what it signs."""

import subprocess
from pathlib import Path


def _openssl(directory: Path, *words: str) -> None:
    subprocess.run(["openssl", *words], cwd=directory, check=True, capture_output=True)


def make_authority(directory: Path, name: str = "ca") -> Path:
    """``<name>.pem`` and ``<name>.key`` in the directory; returns the certificate's path."""
    new = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", f"/CN={name}"]
    _openssl(directory, *new, "-keyout", f"{name}.key", "-out", f"{name}.pem")
    return directory / f"{name}.pem"


def make_certificate(directory: Path, name: str, authority: str = "ca") -> tuple[Path, Path]:
    """A certificate for localhost, signed by the authority; returns the paths of certificate and key."""
    extensions = directory / f"{name}.ext"
    extensions.write_text("subjectAltName=DNS:localhost,IP:127.0.0.1\n")
    request = ["req", "-newkey", "rsa:2048", "-nodes", "-subj", f"/CN={name}", "-keyout", f"{name}.key"]
    _openssl(directory, *request, "-out", f"{name}.csr")
    signed = ["x509", "-req", "-in", f"{name}.csr", "-CA", f"{authority}.pem", "-CAkey", f"{authority}.key"]
    _openssl(directory, *signed, "-CAcreateserial", "-days", "1", "-extfile", extensions.name, "-out", f"{name}.pem")
    return directory / f"{name}.pem", directory / f"{name}.key"
