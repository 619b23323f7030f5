"""TensorBoard's event files: records with checksums, each a message with scalars.

The records are those of TFRecord (https://www.tensorflow.org/tutorials/load_data/tfrecord), the messages those of
TensorFlow's ``event.proto``, ``summary.proto`` and ``tensor.proto``.
"""

from __future__ import annotations

import functools
import math
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from convergence_callbacks.logs.notes import Notes
from convergence_callbacks.logs.wire import WireError, fields_of, last_of, signed, text

LARGEST = 65_536
"""Bytes of a record with scalars, at most: larger ones are pictures and histograms, and are passed over."""

CASTAGNOLI = 0x82F63B78
"""The polynomial of CRC-32C, bits reversed."""

NUMBERS = {1: "f", 2: "d", 3: "i", 9: "q", 19: "e"}
"""How the numbers of a tensor are packed, by TensorFlow's numbers of their types."""

LISTS = (5, 6, 7, 10)
"""Fields of a tensor that hold its numbers as a list: float, double, whole numbers of 32 and 64 bits."""


@dataclass(frozen=True, slots=True)
class Scalar:
    """One number of an event file."""

    wall_time: float
    step: int
    tag: str
    value: float


def scalars_in(file: Path, prefix: str, notes: Notes) -> Iterator[Scalar]:
    """The scalars of a file, up to where it is cut or damaged.

    Args:
        file: The event file.
        prefix: What the tags are to begin with: the folder of the file below that of the run.
        notes: Where a cut or damage is noted.
    """
    for record in _records(file, notes):
        try:
            yield from _scalars_of(record, prefix)
        except WireError as error:
            notes.add(f"{file.name} has a record that is none: {error}", kind="no event")


def _scalars_of(event: bytes, prefix: str) -> Iterator[Scalar]:
    wall_time, step, summaries = math.nan, 0, list[bytes]()
    for number, value in fields_of(event):
        if number == 1 and isinstance(value, float):
            wall_time = value
        elif number == 2:
            step = signed(value)
        elif number == 5 and isinstance(value, bytes):
            summaries.append(value)
    for summary in summaries:
        for number, value in fields_of(summary):
            if number == 1 and isinstance(value, bytes):
                fields = last_of(value)
                scalar = _number(fields)
                if scalar is not None:
                    yield Scalar(wall_time, step, f"{prefix}{text(fields.get(1))}", scalar)


def _number(value: dict[int, int | float | bytes]) -> float | None:
    """The scalar that a summary holds, in either of TensorFlow's versions; None where it holds something else."""
    if isinstance(value.get(2), float):
        return float(value[2])
    tensor, metadata = value.get(8), value.get(9)
    if not isinstance(tensor, bytes) or _plugin(metadata) not in {"scalars", ""}:
        return None
    return _of_tensor(tensor)


def _plugin(metadata: object) -> str:
    data = last_of(metadata).get(1) if isinstance(metadata, bytes) else None
    return text(last_of(data).get(1)) if isinstance(data, bytes) else ""


def _of_tensor(tensor: bytes) -> float | None:
    """The number of a tensor that holds one."""
    fields = last_of(tensor)
    packing = NUMBERS.get(signed(fields.get(1)))
    content = fields.get(4)
    if packing is None or not _holds_one(fields.get(2)):
        return None
    if isinstance(content, bytes) and len(content) == struct.calcsize(packing):
        return float(struct.unpack(f"<{packing}", content)[0])
    listed = next((fields[number] for number in LISTS if number in fields), None)
    if isinstance(listed, bytes):  # a list is packed, also one of a single number
        if packing in "fd" and len(listed) == struct.calcsize(packing):
            return float(struct.unpack(f"<{packing}", listed)[0])
        return None
    return None if listed is None else float(listed if isinstance(listed, float) else signed(listed))


def _holds_one(shape: object) -> bool:
    """Whether all dimensions are 1, or there are none."""
    if not isinstance(shape, bytes):
        return True
    sizes = [last_of(value).get(1, 0) for number, value in fields_of(shape) if number == 2 and isinstance(value, bytes)]
    return all(size == 1 for size in sizes)


def _records(file: Path, notes: Notes) -> Iterator[bytes]:
    """The records of a file with their checksums tested, save those that are too large to be scalars."""
    with file.open("rb") as opened:
        size = file.stat().st_size
        while header := opened.read(12):
            length, checksum = struct.unpack("<QI", header) if len(header) == 12 else (0, None)
            if checksum is None or opened.tell() + length + 4 > size:
                notes.add(f"{file.name} ends in the middle of a record")
                return
            if masked_crc32c(header[:8]) != checksum:
                notes.add(f"{file.name} is damaged at byte {opened.tell() - 12}: what follows is left out")
                return
            if length > LARGEST:
                opened.seek(length + 4, 1)
                continue
            record, tail = opened.read(length), opened.read(4)
            if len(tail) < 4 or masked_crc32c(record) != struct.unpack("<I", tail)[0]:
                notes.add(f"{file.name} is damaged at byte {opened.tell() - length - 4}: what follows is left out")
                return
            yield record


def masked_crc32c(data: bytes) -> int:
    """The checksum of TFRecord: CRC-32C (RFC 3720), rotated, so that a checksum of checksums differs from them.

    >>> hex(masked_crc32c(b"123456789"))
    '0xc78ab0e5'
    """
    table, crc = _table(), 0xFFFFFFFF
    for byte in data:
        crc = table[(crc ^ byte) & 0xFF] ^ (crc >> 8)
    crc ^= 0xFFFFFFFF
    return (((crc >> 15) | (crc << 17)) + 0xA282EAD8) & 0xFFFFFFFF


@functools.cache
def _table() -> Sequence[int]:
    table = []
    for byte in range(256):
        crc = byte
        for _ in range(8):
            crc = crc >> 1 ^ (CASTAGNOLI if crc & 1 else 0)
        table.append(crc)
    return table
