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
    """The function compiled at its first call, or loaded from the cache."""
    return _stamped(njit(cache=True, nogil=True, error_model="numpy")(function))


def internal[F: Callable[..., Any]](function: F) -> F:
    """The same for a function that compiled functions alone call: without what Python would call it by."""
    return _stamped(
        njit(cache=True, nogil=True, error_model="numpy", no_cpython_wrapper=True, no_cfunc_wrapper=True)(
            function
        )
    )


def _stamped(dispatcher: Any) -> Any:
    """Numba's own stamp is that of the function's file alone, and a function holds the code of what it calls.

    Where another numba has no such field, a change in another file goes unseen.
    """
    with suppress(AttributeError):
        _ = dispatcher._cache._cache_file._source_stamp
        dispatcher._cache._cache_file._source_stamp = SOURCE_STAMP
    return dispatcher
