"""Bodies compressed with zstd and a trained dictionary, which halves what an event needs and more.

A compressed body is one zstd frame. It says by itself that it is one (JSON never begins like a frame) and with which
dictionary it was made, so no field is needed, compressed and plain ones stand side by side, and every dictionary that
was ever shipped stays readable. Events are compressed where their entry is made and unpacked where entries are read
(`records`); scripts and copies (replays, dead letters) carry a body as it is. Decision 39.
"""

import sys
from collections.abc import Mapping
from functools import cache
from importlib.resources import files

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

__all__ = ["dictionaries", "packed", "unpacked", "zstd"]

FRAME = b"\x28\xb5\x2f\xfd"
"""How every zstd frame begins."""
NEWEST_DICTIONARY = 1670769518
"""The id of the dictionary that is written with; trained by ``bench/train_dictionary.py``."""
LEVEL = 3
"""3 us a body of 860 bytes; 6 takes 11 us for 3 % less."""
LEAST_BYTES, MOST_BYTES = 64, 16 * 1024 * 1024
"""Smaller bodies gain nothing; larger ones are kept as they are, and a frame that unpacks to more is none of ours."""


@cache
def dictionaries() -> Mapping[int, zstd.ZstdDict]:
    """Every dictionary of this package, by its id."""
    folder = files(__package__).joinpath("dictionaries")
    known = (zstd.ZstdDict(file.read_bytes()) for file in folder.iterdir() if file.name.endswith(".zdict"))
    return {dictionary.dict_id: dictionary for dictionary in known}


@cache
def _compressor() -> zstd.ZstdCompressor:
    options = {zstd.CompressionParameter.compression_level.value: LEVEL}
    return zstd.ZstdCompressor(options=options, zstd_dict=dictionaries()[NEWEST_DICTIONARY].as_digested_dict)


def packed(body: bytes) -> bytes:
    """The body as a frame, or as it is where that is no smaller."""
    if not LEAST_BYTES <= len(body) <= MOST_BYTES:
        return body
    compressor = _compressor()
    compressor.set_pledged_input_size(len(body))
    frame = compressor.compress(body, mode=compressor.FLUSH_FRAME)
    return frame if len(frame) < len(body) else body


def unpacked(stored: bytes) -> bytes:
    """The body that a stored one stands for.

    What cannot be unpacked (damaged by hand, or made with the dictionary of a newer version) is returned as it is: no
    handler can read it, so the event becomes a dead letter, which keeps it whole for a version that can.
    """
    if not stored.startswith(FRAME):
        return stored
    try:
        info = zstd.get_frame_info(stored)
        decompressor = zstd.ZstdDecompressor(dictionaries()[info.dictionary_id].as_digested_dict)
        body = decompressor.decompress(stored, max_length=MOST_BYTES)
    except (zstd.ZstdError, KeyError):
        return stored
    return body if decompressor.eof else stored
