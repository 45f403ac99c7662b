"""`python run.py` starts everything, as `registrar run` does."""

from app.cli import main

if __name__ == "__main__":
    main(["run"], prog_name="registrar")
