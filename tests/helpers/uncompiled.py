"""Functions of PyTensor that are called a few times, for which compiling native code would take longest."""

from pytensor.compile.mode import Mode

UNCOMPILED = {"mode": Mode("py", optimizer=None)}
