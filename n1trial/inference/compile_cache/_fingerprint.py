"""The key of the compile cache: a fingerprint of all that native code depends on, values of `pm.Data` excepted."""

import hashlib
from collections.abc import Iterator, Sequence
from importlib.metadata import version
from importlib.resources import files

import llvmlite.binding
import pymc as pm
from pytensor.compile.sharedvalue import SharedVariable
from pytensor.graph.basic import Constant, Variable
from pytensor.graph.traversal import toposort

PARTS = ("llvmlite", "numba", "numpy", "nutpie", "pymc", "pytensor")


def fingerprint(built: pm.Model, *, densities: bool = True) -> str:
    """Hexadecimal digits that differ wherever the compiled code would."""
    digest = hashlib.sha256(b"with densities" if densities else b"")
    for line in _lines(built):
        digest.update(line.encode() + b"\n")
    return digest.hexdigest()[:32]


def _lines(built: pm.Model) -> Iterator[str]:
    yield from (f"{name} {version(name)}" for name in PARTS)
    yield f"{llvmlite.binding.get_host_cpu_name()} {llvmlite.binding.get_host_cpu_features().flatten()}"
    # The log density of a custom distribution follows from the source, and is not part of the graph.
    for package in ("inference", "inference.models", "inference.compile_cache", "cohort.one_stage"):
        for source in sorted(files(f"n1trial.{package}").iterdir(), key=lambda source: source.name):
            if source.name.endswith(".py"):
                yield f"{source.name} {hashlib.sha256(source.read_bytes()).hexdigest()}"
    named = [*built.basic_RVs, *built.deterministics, *built.potentials]
    for variable, transform in built.rvs_to_transforms.items():
        yield f"{variable.name} {type(transform).__qualname__}"
    data = {variable: variable.get_value().shape for variable in built.data_vars}
    yield from _graph(named, data)


def _graph(outputs: Sequence[Variable], data: dict[Variable, tuple[int, ...]]) -> Iterator[str]:
    numbers: dict[Variable, int] = {}

    def described(variable: Variable) -> str:
        if variable in numbers:
            return str(numbers[variable])
        numbers[variable] = len(numbers)
        description = f"{numbers[variable]} {variable.name} {variable.type}"
        if isinstance(variable, Constant):
            return f"{description} = {variable.data!r}"
        if variable in data:
            return f"{description} of {data[variable]}"
        if isinstance(variable, SharedVariable) and "Generator" not in str(variable.type):
            return f"{description} = {variable.get_value()!r}"
        return description

    for node in toposort(outputs):
        inputs = ", ".join(described(variable) for variable in node.inputs)
        yield f"{type(node.op).__qualname__} {node.op} ({inputs}) -> {', '.join(map(described, node.outputs))}"
        inner = getattr(node.op, "fgraph", None)
        if inner is not None:
            yield from _graph(inner.outputs, {})
    yield "outputs " + " ".join(described(variable) for variable in outputs)
