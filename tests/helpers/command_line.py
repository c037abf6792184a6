"""The program run in the process of the tests: what a command prints and how it exits, without a start of Python."""

import gc
import signal
import sys
from subprocess import CompletedProcess

from click.testing import CliRunner

from n1trial.cli import main


def run_here(*arguments: object) -> CompletedProcess[str]:
    """Run `n1trial` with these arguments by its own `main`; what it changes in the process is put back."""
    words = ["n1trial", *map(str, arguments)]
    before, threshold = sys.argv, gc.get_threshold()
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGALRM)}
    try:
        with CliRunner().isolation() as (output, errors, _):
            sys.argv = words
            try:
                main()
                code = 0
            except SystemExit as left:
                code = int(left.code or 0)
            sys.stdout.flush()
            sys.stderr.flush()
            texts = [stream.getvalue().decode() for stream in (output, errors)]
    finally:
        sys.argv = before
        gc.set_threshold(*threshold)
        gc.unfreeze()
        for number, handler in handlers.items():
            signal.signal(number, handler)
    return CompletedProcess(words, code, *texts)
