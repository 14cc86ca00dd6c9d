"""What a server keeps, byte by byte, to look for what it must not keep."""

import redis


def stored_bytes(port: int) -> dict[bytes, bytes]:
    """Every key of a server of this machine, and its value as it is kept.

    DUMP compresses, and then a word is not found in what it is in: the server is told not to, for a moment.
    """
    with redis.Redis(port=port) as raw:
        raw.config_set("rdbcompression", "no")
        dumps = {key: raw.dump(key) or b"" for key in raw.keys("*")}
        raw.config_set("rdbcompression", "yes")
    return dumps


def keys_with(port: int, *words: bytes) -> list[str]:
    """The keys in whose names or values one of the words stands, as it is written."""
    return sorted(
        key.decode() for key, value in stored_bytes(port).items() if any(word in key + value for word in words)
    )
