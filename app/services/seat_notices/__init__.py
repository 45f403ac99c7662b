"""Seat notices: letters that tell students of a session where they sit, each once."""
