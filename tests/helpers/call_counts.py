"""How often functions are called, by whatever name and from wherever: the interpreter itself counts."""

import sqlite3
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import CodeType
from typing import Any
from unittest import mock

# One that neither a debugger, nor a coverage tool, nor a profiler takes.
_TOOL = 4


@contextmanager
def counted_calls(*functions: Callable[..., Any]) -> Iterator[Counter[str]]:
    """Count calls of functions by their names, and connections to SQLite under the name ``connect``."""
    counts: Counter[str] = Counter()
    connect, monitoring = sqlite3.connect, sys.monitoring

    def count(code: CodeType, offset: int) -> None:
        counts[code.co_name] += 1

    def counted_connect(*arguments: Any, **options: Any) -> sqlite3.Connection:
        counts["connect"] += 1
        connection: sqlite3.Connection = connect(*arguments, **options)
        return connection

    monitoring.use_tool_id(_TOOL, "counted calls")
    monitoring.register_callback(_TOOL, monitoring.events.PY_START, count)
    try:
        for function in functions:
            monitoring.set_local_events(_TOOL, function.__code__, monitoring.events.PY_START)
        with mock.patch("sqlite3.connect", counted_connect):
            yield counts
    finally:
        for function in functions:
            monitoring.set_local_events(_TOOL, function.__code__, 0)
        monitoring.register_callback(_TOOL, monitoring.events.PY_START, None)
        monitoring.free_tool_id(_TOOL)
