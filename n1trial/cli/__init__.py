"""The command line: parse, call one function, print.

A module here is a group of commands. Heavy imports live in the bodies of the commands, so that `--help`
answers at once.
"""

import gc
import sys

import click

from n1trial.cli._interrupt import hear_ctrl_c
from n1trial.cli.answer import analyse, cohort, fit, report, summary
from n1trial.cli.begin import document, new
from n1trial.cli.house import demo, doctor, label, nights, protocols
from n1trial.cli.plan import plan
from n1trial.cli.running import amend, today, unblind
from n1trial.cli.trial import check, import_, log
from n1trial.errors import N1TrialError

EXIT_INTERRUPTED, EXIT_OUR_BUG = 130, 70
# A command lives for seconds, and what it imports stays: looking for garbage every 2,000 objects is a tenth
# of its time.
GARBAGE_EVERY = 50_000


def main() -> None:
    """Run the command line and leave with DESIGN's exit codes."""
    gc.set_threshold(GARBAGE_EVERY)
    hear_ctrl_c()
    try:
        sys.exit(cli.main(standalone_mode=False))
    except N1TrialError as error:
        for line in str(error).splitlines():
            click.echo(f"n1trial: {line}", err=True)
        sys.exit(error.exit_code)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        click.echo("n1trial: stopped; nothing half written", err=True)
        sys.exit(EXIT_INTERRUPTED)
    except BrokenPipeError:
        sys.exit(0)
    except Exception:  # noqa: BLE001 - the last resort: keep the traceback and say whose fault it is
        import traceback

        traceback.print_exc()
        click.echo("n1trial: this is a bug of ours; please report the lines above", err=True)
        sys.exit(EXIT_OUR_BUG)
    finally:
        # The process ends here and gives all its memory back at once.
        gc.freeze()


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="n1trial")
def cli() -> None:
    """N-of-1 trials of sleep: one person, a randomised crossover, an honest answer."""


for _command in (
    demo,
    protocols,
    label,
    document,
    plan,
    new,
    today,
    import_,
    log,
    check,
    amend,
    unblind,
    nights,
    fit,
    report,
    analyse,
    cohort,
    summary,
    doctor,
):
    cli.add_command(_command)
