"""The command line: parse, call one function, print.

A module here is a group of commands. Heavy imports live in the bodies of the commands, so that `--help`
answers at once.
"""

import gc
import sys

import click

from n1trial.cli._arguments import EXIT_INTERRUPTED
from n1trial.cli._interrupt import interrupt_on_ctrl_c
from n1trial.cli.analyse import analyse
from n1trial.cli.conduct import amend, today, unblind
from n1trial.cli.daily import check, import_, log
from n1trial.cli.fit_report import cohort, fit, report, summary
from n1trial.cli.history import forget, history
from n1trial.cli.plan import plan
from n1trial.cli.setup import document, new
from n1trial.cli.tools import demo, doctor, label, nights, protocols
from n1trial.errors import N1TrialError

EXIT_OUR_BUG = 70
# A command lives for seconds, and what it imports stays: looking for garbage every 2,000 objects takes a tenth
# of its time.
GARBAGE_EVERY = 50_000


def main() -> None:
    """Run the command line and leave: 0 fine, 1 for the user to put right, 2 usage, 3 refused by a gate, 70 our bug."""
    gc.set_threshold(GARBAGE_EVERY)
    interrupt_on_ctrl_c()
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
        click.echo(
            "n1trial: a bug of ours: please send the lines above to whoever gave you n1trial",
            err=True,
        )
        sys.exit(EXIT_OUR_BUG)
    finally:
        # The process ends here and gives all its memory back at once.
        gc.freeze()


# In the order in which a trial uses them.
GROUPS = {
    "To begin": (demo, protocols, label, plan, new, document),
    "Every day of a trial": (today, log, import_, check),
    "When something happens": (amend, forget, history, unblind),
    "The answer": (fit, report),
    "Without a trial folder": (nights, analyse),
    "Several people": (cohort, summary),
    "This installation": (doctor,),
}


class _InOrderOfUse(click.Group):
    """Help lists the commands in order of use, each with its whole first sentence."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.commands)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        for heading, commands in GROUPS.items():
            with formatter.section(heading):
                formatter.write_dl(
                    [(str(command.name), command.get_short_help_str(limit=200)) for command in commands]
                )


@click.group(cls=_InOrderOfUse, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="n1trial")
def cli() -> None:
    """N-of-1 trials of sleep: one person, a randomised crossover, an honest answer."""


for _commands in GROUPS.values():
    for _command in _commands:
        cli.add_command(_command)
