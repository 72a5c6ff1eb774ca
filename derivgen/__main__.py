"""`python -m derivgen`: the same as the command `derivgen`."""

from derivgen.cli import main

main(prog_name="derivgen")
