"""Native code that numba keeps on disk, by wrappers around PyTensor's functions that are written to a file.

What changes between fits (`pm.Data`) enters as one array, so that the code of an earlier fit can be used again. Its key
is a fingerprint of the model's graph, the shapes of its data, the package's source and versions, and this processor.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import numba
import numpy as np
import numpy.typing as npt
import pymc as pm
from numba.core.codegen import JITCPUCodegen
from numba.core.compiler_lock import global_compiler_lock
from numba.core.errors import NumbaError
from numba.core.registry import cpu_target
from nutpie.compile_pymc import CompiledPyMCModel
from pytensor.compile.compilelock import lock_ctx

from n1trial.errors import FolderError
from n1trial.inference.compile_cache._compiled import Compiled, shared_data
from n1trial.inference.compile_cache._fingerprint import fingerprint
from n1trial.inference.compile_cache._graphs import DENSITY, DRAW, Layout, functions_of, slices
from n1trial.system.arrays import Array
from n1trial.system.files import write_whole

LAYOUT, SOURCE = "layout.json", "code.py"
# How long to wait for another process that compiles the same model: longer than any model takes.
LOCK_TIMEOUT_S = 600.0
# Called by nutpie: the size of a point, the point, its gradient, its log density, the data.
_DOUBLES = numba.types.CPointer(numba.types.double)
DENSITY_SIGNATURE = numba.types.int64(numba.types.uint64, _DOUBLES, _DOUBLES, _DOUBLES, numba.types.voidptr)
# Called by nutpie: the sizes of a point and of what it is expanded to, the two, the data.
EXPAND_SIGNATURE = numba.types.int64(
    numba.types.uint64, numba.types.uint64, _DOUBLES, _DOUBLES, numba.types.voidptr
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Native:
    """Compiled functions.

    Attributes
    ----------
    density : numba cfunc
        Log density and gradient, for nutpie.
    expand : numba cfunc
        Does nothing: points are expanded to draws afterwards, by `draws`.
    draws : numba function
        Draws [draw, ...] from points [draw, size] and data.
    """

    density: Any
    expand: Any
    draws: Any


@dataclass(frozen=True, kw_only=True, eq=False)
class Kept(Compiled):
    """A model whose native code is kept on disk."""

    native: Native

    def packed(self, changed: Mapping[str, npt.NDArray[Any]]) -> Array:
        """The model's `pm.Data` as one flat array."""
        data = [np.ravel(changed.get(name, self.data[name])) for name in self.layout.data]
        return np.concatenate([np.zeros(0), *data])

    def for_nutpie(self, changed: Mapping[str, npt.NDArray[Any]]) -> CompiledPyMCModel:
        """The model as `nutpie.sample` takes it, without variables."""
        size, start = self.layout.size, np.array(self.layout.start)
        return CompiledPyMCModel(
            dims={},
            _n_dim=size,
            _shapes={},
            _coords={},
            compiled_logp_func=self.native.density,
            compiled_expand_func=self.native.expand,
            initial_point_func=lambda seed: start + np.random.default_rng(seed).uniform(-1, 1, size),
            shared_data={},
            shared_var_keys={},
            user_data=self.packed(changed),
            n_expanded=0,
            shape_info=([], [], []),
            logp_func=None,
            expand_func=None,
        )

    def drawn(self, points: Array, changed: Mapping[str, npt.NDArray[Any]]) -> Array:
        """Flat draws [draw, width] of points [draw, size]."""
        drawn: Array = self.native.draws(points, self.packed(changed))
        return drawn


def kept_or_compiled(built: pm.Model, *, densities: bool, folder: Path) -> Kept:
    """The model with its code from the folder of the cache, or compiled into it."""
    entry = folder / fingerprint(built, densities=densities)
    cached = _cached(entry)
    layout, native = cached or _compiled_into(built, entry, densities=densities)
    made = Kept(
        layout=layout,
        native=native,
        data={variable.name: variable.get_value() for variable in shared_data(built)},
        known=cached is not None,
    )
    # Where nutpie's private class has changed this fails here, and not once the sampler runs.
    made.for_nutpie({})
    return made


def _cached(folder: Path) -> tuple[Layout, Native] | None:
    try:
        layout = msgspec.json.decode((folder / LAYOUT).read_bytes(), type=Layout)
        with engine_of_its_own():
            return layout, native_code(layout, folder)
    except (OSError, msgspec.DecodeError, ValueError, KeyError):
        return None
    except NumbaError:
        # Numba's part is missing, and cannot be compiled without PyTensor's functions.
        return None


def _compiled_into(built: pm.Model, folder: Path, *, densities: bool) -> tuple[Layout, Native]:
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        # One process at a time: code of two processes may differ in the last digit, and one would replace the other.
        with lock_ctx(folder, timeout=LOCK_TIMEOUT_S):
            if cached := _cached(folder):
                return cached
            layout, functions = functions_of(built, densities=densities)
            native_code(layout, folder, _jitted(functions))
            # Last, so that a layout is never without its code.
            write_whole(folder / LAYOUT, msgspec.json.encode(layout).decode())
            # Read back, so that the first process runs the same code as later ones.
            return _cached(folder) or (layout, native_code(layout, folder, _jitted(functions)))
    except (OSError, FolderError):
        layout, functions = functions_of(built, densities=densities)
        return layout, native_code(layout, None, _jitted(functions))


def _jitted(functions: Mapping[str, Any]) -> dict[str, Any]:
    return {name: function.vm.jit_fn for name, function in functions.items()}


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
        expand=numba.cfunc(EXPAND_SIGNATURE, cache=kept)(names["expand"]),
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
    length, width = (sum(int(np.prod(s)) for s in shapes.values()) for shapes in (layout.data, layout.draw))
    # Outside of the `try`, in which numba allows no call of more than thirty arguments.
    yield "@njit"
    yield "def called(point, data):"
    yield f"    return {_call(layout, DENSITY)}"
    yield ""
    yield "def density(size, point_, gradient_, value_, data_):"
    yield f"    point, gradient = carray(point_, ({layout.size},)), carray(gradient_, ({layout.size},))"
    yield f"    value, data = carray(value_, (1,)), carray(data_, ({length},), np.float64)"
    yield "    try:"
    yield "        density, slope = called(point, data)"
    yield "    except Exception:"
    yield "        return 1"
    yield "    value[0] = density[()]"
    # Element by element: numba takes two seconds to compile the assignment of a slice, for its error message.
    yield f"    for place in range({layout.size}):"
    yield "        gradient[place] = slope[place]"
    # For nutpie 3 is a recoverable error: it tries a smaller step.
    yield "    return 0 if np.isfinite(value[0]) and np.all(np.isfinite(gradient)) else 3"
    yield ""
    yield "def expand(size, expanded, point, expanded_to, data):"
    yield "    return 0"
    yield ""
    yield "def draws(points, data):"
    yield f"    made = np.empty((len(points), {width}))"
    yield "    for number in range(len(points)):"
    yield "        point = points[number]"
    yield f"        drawn = {_call(layout, DRAW)}[0]"
    yield f"        for place in range({width}):"
    yield "            made[number, place] = drawn[place]"
    yield "    return made"


def _call(layout: Layout, function: str) -> str:
    """The call of a function with the pieces of `data` that it takes."""
    places = slices(layout.data)
    arguments = []
    for name in layout.takes[function]:
        place, dtype = places[name], layout.dtypes[name]
        cast = "" if dtype == "float64" else f".astype(np.{dtype})"
        arguments.append(f"data[{place.start}:{place.stop}].reshape({layout.data[name]}){cast}")
    return f"{function}({', '.join(['point', *arguments])})"
