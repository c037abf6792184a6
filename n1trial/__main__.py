"""`python -m n1trial` is the command line too."""

from n1trial.cli import main

main()
