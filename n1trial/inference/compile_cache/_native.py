"""Wrappers around PyTensor's functions, written to a file so that numba can cache their native code."""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numba
import numpy as np
from numba.core.codegen import JITCPUCodegen
from numba.core.compiler_lock import global_compiler_lock
from numba.core.registry import cpu_target

DENSITY, DRAW = "density_of", "draw_of"
SOURCE = "code.py"
# Called by nutpie: the size of a point, the point, its gradient (or its copy), its log density, the data.
_DOUBLES = numba.types.CPointer(numba.types.double)
DENSITY_SIGNATURE = numba.types.int64(numba.types.uint64, _DOUBLES, _DOUBLES, _DOUBLES, numba.types.voidptr)
SAME_SIGNATURE = numba.types.int64(
    numba.types.uint64, numba.types.uint64, _DOUBLES, _DOUBLES, numba.types.voidptr
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """Position of one variable in a flat array."""

    name: str
    shape: tuple[int, ...]
    start: int

    @property
    def stop(self) -> int:
        """Position after its last element."""
        return self.start + int(np.prod(self.shape, dtype=int))


def pieces(shapes: Mapping[str, tuple[int, ...]]) -> tuple[Piece, ...]:
    """Positions of variables of these shapes, one after the other."""
    laid: list[Piece] = []
    for name, shape in shapes.items():
        laid.append(Piece(name=name, shape=shape, start=laid[-1].stop if laid else 0))
    return tuple(laid)


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """Positions of variables in a point, in the data and in a draw, and which data each function takes.

    Attributes
    ----------
    size : int
        Length of a point.
    point : sequence of str
        The value variables, in order.
    data, draw : tuple of Piece
        Positions in the array of the data, and in a draw.
    dtypes : Mapping of str to str
        dtypes of the data, by name.
    takes : Mapping of str to sequence of str
        The data that `DENSITY` and `DRAW` take, in order.
    """

    size: int
    point: Sequence[str]
    data: tuple[Piece, ...]
    dtypes: Mapping[str, str]
    takes: Mapping[str, Sequence[str]]
    draw: tuple[Piece, ...]


def layout_text(layout: Layout) -> str:
    """A layout as JSON."""
    return json.dumps(asdict(layout))


def layout_of(text: str) -> Layout:
    """The layout that `layout_text` wrote."""
    fields = json.loads(text)
    laid = {
        name: tuple(Piece(**piece | {"shape": tuple(piece["shape"])}) for piece in fields[name])
        for name in ("data", "draw")
    }
    return Layout(**fields | laid)


@dataclass(frozen=True, slots=True, kw_only=True)
class Native:
    """Compiled functions.

    Attributes
    ----------
    density : numba cfunc
        Log density and gradient, for nutpie.
    same : numba cfunc
        Copies a point, for nutpie, whose only variable is the point itself.
    draws : numba function
        Draws [draw, ...] from points [draw, size] and data.
    """

    density: Any
    same: Any
    draws: Any


def native_code(layout: Layout, folder: Path | None, functions: Mapping[str, Any] | None = None) -> Native:
    """Compile the wrappers of a layout, or load their code from a folder.

    Parameters
    ----------
    folder
        Folder of the cache's entry; None: nothing is cached.
    functions
        `DENSITY` and `DRAW`, jitted; not needed where the code is cached.

    Raises
    ------
    NumbaError
        The code is not cached, and no functions were given.
    """
    source = "\n".join(_source(layout))
    path = "<n1trial>"
    if folder is not None:
        file = folder / SOURCE
        path = str(file)
        # Numba takes cached code for outdated where the file is newer, so an equal file is not written again.
        if not file.is_file() or file.read_text(encoding="utf-8") != source:
            file.write_text(source, encoding="utf-8")
    names = {
        # Numba notes the module of a function and imports it when it loads the code.
        "__name__": __name__,
        "carray": numba.carray,
        "njit": numba.njit,
        "np": np,
        **(functions or dict.fromkeys((DENSITY, DRAW))),
    }
    exec(compile(source, path, "exec"), names)
    kept = folder is not None
    return Native(
        density=numba.cfunc(DENSITY_SIGNATURE, cache=kept)(names["density"]),
        same=numba.cfunc(SAME_SIGNATURE, cache=kept)(names["same"]),
        draws=numba.njit(numba.float64[:, ::1](numba.float64[:, ::1], numba.float64[::1]), cache=kept)(
            names["draws"]
        ),
    )


@contextmanager
def engine_of_its_own() -> Iterator[None]:
    """A context in which numba loads code into an LLVM engine of its own.

    Functions that a model's code calls are weak symbols, and of two with one name an engine keeps the first, which
    was optimised elsewhere and may differ in the last digit. In the shared engine the code of a model would depend
    on what was compiled or loaded before it.
    """
    with global_compiler_lock:
        context = cpu_target.target_context
        shared = context._internal_codegen
        context._internal_codegen = JITCPUCodegen("n1trial")
        try:
            yield
        finally:
            context._internal_codegen = shared


def _source(layout: Layout) -> Iterator[str]:
    length = layout.data[-1].stop if layout.data else 0
    # Outside of the `try`, in which numba allows no call of more than thirty arguments.
    yield "@njit"
    yield "def called(point, data):"
    yield f"    return {_call(layout, DENSITY)}"
    yield ""
    yield "def density(size, point_, gradient_, value_, data_):"
    yield f"    point, gradient = carray(point_, ({layout.size},)), carray(gradient_, ({layout.size},))"
    yield f"    value, data = carray(value_, (1,)), carray(data_, ({length},), np.float64)"
    yield "    try:"
    yield "        found, slope = called(point, data)"
    yield "    except Exception:"
    yield "        return 1"
    yield "    value[0] = found[()]"
    # Element by element: numba takes two seconds to compile the assignment of a slice, for its error message.
    yield f"    for place in range({layout.size}):"
    yield "        gradient[place] = slope[place]"
    # For nutpie 3 is a recoverable error: it tries a smaller step.
    yield "    return 0 if np.isfinite(value[0]) and np.all(np.isfinite(gradient)) else 3"
    yield ""
    yield "def same(size, expanded, point_, copy_, data_):"
    yield "    copy, point = carray(copy_, (size,)), carray(point_, (size,))"
    yield "    for place in range(size):"
    yield "        copy[place] = point[place]"
    yield "    return 0"
    yield ""
    yield "def draws(points, data):"
    yield f"    found = np.empty((len(points), {layout.draw[-1].stop}))"
    yield "    for number in range(len(points)):"
    yield "        point = points[number]"
    yield f"        drawn = {_call(layout, DRAW)}[0]"
    yield f"        for place in range({layout.draw[-1].stop}):"
    yield "            found[number, place] = drawn[place]"
    yield "    return found"


def _call(layout: Layout, function: str) -> str:
    """The call of a function with the pieces of `data` that it takes."""
    laid = {piece.name: piece for piece in layout.data}
    arguments = []
    for name in layout.takes[function]:
        piece, dtype = laid[name], layout.dtypes[name]
        cast = "" if dtype == "float64" else f".astype(np.{dtype})"
        arguments.append(f"data[{piece.start}:{piece.stop}].reshape({piece.shape}){cast}")
    return f"{function}({', '.join(['point', *arguments])})"
