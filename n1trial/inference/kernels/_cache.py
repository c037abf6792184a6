"""Compile with numba, and keep the native code in a cache that notices a change of any file of this folder."""

import hashlib
from collections.abc import Callable
from contextlib import suppress
from importlib.resources import files
from typing import Any

from numba import njit

_SOURCES = sorted((file for file in files(__package__).iterdir() if file.name.endswith(".py")), key=str)
SOURCE_STAMP = hashlib.sha256(b"".join(file.read_bytes() for file in _SOURCES)).digest()


def compiled[F: Callable[..., Any]](function: F) -> F:
    """The function compiled at its first call, or loaded from the cache.

    Numba's own stamp is that of the function's file alone: after a change in another file a function would go on
    calling the old version of what it calls there. Where a later numba has no such field, that is how it is.
    """
    dispatcher = njit(cache=True, nogil=True, error_model="numpy")(function)
    with suppress(AttributeError):
        _ = dispatcher._cache._cache_file._source_stamp
        dispatcher._cache._cache_file._source_stamp = SOURCE_STAMP
    return dispatcher
