"""Pickles and arrays of plain data: numbers, texts, lists, dictionaries and numpy's arrays, and nothing else.

A pickle is a program. This one may name numpy's own builders of arrays and numbers and nothing else, so that it can
call nothing; whatever names more is refused before it is called.
"""

from __future__ import annotations

import io
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from convergence_callbacks.logs.errors import NotALogError

LARGEST = 50_000_000
"""Bytes of a pickle, at most: it is held in memory whole."""

MOST = 1_000_000
"""Numbers of an array, at most."""


def plain_pickle_in(path: Path) -> Any:
    """What a pickle of plain data holds.

    Raises:
        NotALogError: It is too large, damaged, or holds anything else.
    """
    if path.stat().st_size > LARGEST:
        raise NotALogError(f"larger than {LARGEST // 1_000_000} MB, no history is", path)
    try:
        return _Plain(io.BytesIO(path.read_bytes())).load()
    except NotALogError:
        raise
    except Exception as error:  # a damaged pickle may raise anything
        raise NotALogError(f"it is no pickle of plain data: {error}", path) from None


def array_in(path: Path) -> Any:
    """The array in a ``.npy`` file; one of objects only if they are plain data.

    Raises:
        NotALogError: It is too large, damaged, or holds anything else.
    """
    if path.stat().st_size > LARGEST:
        raise NotALogError(f"larger than {LARGEST // 1_000_000} MB, no history is", path)
    try:
        with path.open("rb") as file:
            version = np.lib.format.read_magic(file)
            read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
            _, _, kind = read(file)
            if kind.hasobject:
                return _Plain(file).load()
        return np.load(path, allow_pickle=False)
    except NotALogError:
        raise
    except Exception as error:  # damaged
        raise NotALogError(f"it is no array of plain data: {error}", path) from None


class _Plain(pickle.Unpickler):
    """Builds plain data."""

    def find_class(self, module: str, name: str) -> Any:
        """One of the few builders that are harmless.

        Raises:
            NotALogError: It is something else.
        """
        home = module.replace("numpy._core", "numpy.core").replace("__builtin__", "builtins")
        builder = _builders().get((home, name))
        if builder is None:
            raise NotALogError(f"it is no pickle of plain data: it names {module}.{name}, which is not loaded")
        return builder

    def persistent_load(self, pid: Any) -> Any:
        """Nothing from elsewhere."""
        raise NotALogError("it is no pickle of plain data: it refers to data elsewhere")


def _builders() -> dict[tuple[str, str], Callable[..., Any] | type]:
    from collections import OrderedDict, defaultdict

    return {
        ("collections", "OrderedDict"): OrderedDict,
        ("collections", "defaultdict"): lambda *_: defaultdict(list),
        ("_codecs", "encode"): _encoded,
        ("builtins", "list"): list,
        ("builtins", "dict"): dict,
        ("builtins", "float"): float,
        ("numpy", "ndarray"): _array,
        ("numpy", "dtype"): _dtype,
        ("numpy.core.multiarray", "_reconstruct"): _empty,
        ("numpy.core.multiarray", "scalar"): _scalar,
        ("numpy.core.numeric", "_frombuffer"): _from_buffer,
    }


def _encoded(text: Any, codec: str) -> bytes:
    """Bytes, as old protocols write them."""
    if not isinstance(text, str) or codec != "latin1":
        raise NotALogError("it is no pickle of plain data: a text is none")
    return text.encode("latin1")


def _array(*_: Any) -> Any:
    """Stands for the class of arrays, which a pickle names and has no cause to call."""
    raise NotALogError("it is no pickle of plain data: it makes an array by its class")


def _from_buffer(content: Any, kind: Any, shape: Any, order: str) -> Any:
    """An array of numbers from its bytes."""
    if not isinstance(kind, np.dtype) or kind.hasobject or not isinstance(content, bytes | bytearray):
        raise NotALogError("it is no pickle of plain data: an array is none")
    return np.frombuffer(content, dtype=kind).reshape(shape, order="F" if order == "F" else "C")


def _empty(*_: Any) -> Any:
    """An array to be filled by its state, whatever shape was stated for it."""
    return np.ndarray.__new__(np.ndarray, (0,), dtype="b")


def _dtype(code: Any, *_: Any) -> Any:
    """The type of plain numbers, or of objects that are read by this same rule."""
    kind = np.dtype(str(code))
    if kind.kind not in "fiubOSU":
        raise NotALogError(f"it is no pickle of plain data: it holds {kind}")
    return kind


def _scalar(kind: Any, content: Any) -> Any:
    """A single number."""
    if not isinstance(kind, np.dtype) or kind.hasobject or not isinstance(content, bytes):
        raise NotALogError("it is no pickle of plain data: a number is none")
    return np.frombuffer(content, dtype=kind, count=1)[0].item()
