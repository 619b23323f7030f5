"""The wire format of protocol buffers, as far as logs need it: fields by their numbers, without a schema."""

from __future__ import annotations

import struct
from collections.abc import Iterator

VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5
"""Wire types; https://protobuf.dev/programming-guides/encoding."""

LONGEST = 10
"""Bytes of a whole number, at most."""


class WireError(ValueError):
    """Bytes that are no message."""


def fields_of(message: bytes) -> Iterator[tuple[int, int | float | bytes]]:
    """The fields of a message: the number of each, and a whole number, a floating-point number or bytes.

    Raises:
        WireError: The bytes are cut or damaged.

    >>> list(fields_of(bytes([8, 150, 1, 18, 2, 104, 105])))
    [(1, 150), (2, b'hi')]
    """
    at = 0
    while at < len(message):
        key, at = _varint(message, at)
        kind, number = key & 7, key >> 3
        value: int | float | bytes
        if kind == VARINT:
            value, at = _varint(message, at)
        elif kind == BYTES:
            length, at = _varint(message, at)
            value, at = message[at : at + length], at + length
        elif kind in {FIXED64, FIXED32}:
            size = 8 if kind == FIXED64 else 4
            if at + size > len(message):
                raise WireError("a number is cut")
            value, at = struct.unpack_from("<d" if kind == FIXED64 else "<f", message, at)[0], at + size
        else:
            raise WireError(f"no field is of type {kind}")
        if at > len(message):
            raise WireError("a field is longer than its message")
        yield number, value


def last_of(message: bytes) -> dict[int, int | float | bytes]:
    """The last value of each field: what holds of one that is not repeated."""
    return dict(fields_of(message))


def text(value: object) -> str:
    """The text of a field; empty where it holds none."""
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else ""


def signed(value: object) -> int:
    """A whole number that may be negative."""
    whole = value if isinstance(value, int) else 0
    return whole - (1 << 64) if whole >= 1 << 63 else whole


def _varint(message: bytes, at: int) -> tuple[int, int]:
    value = 0
    for index, byte in enumerate(message[at : at + LONGEST]):
        value |= (byte & 0x7F) << 7 * index
        if byte < 0x80:
            return value, at + index + 1
    raise WireError("a whole number is cut")
