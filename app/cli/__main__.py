"""`python -m app.cli` is `registrar`."""

from app.cli import main

main(prog_name="registrar")
