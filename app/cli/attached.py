"""Run a command that ends when its parent does (on Linux): `python attached.py PARENT COMMAND ...`.

A program of its own rather than a hook between fork and exec: there, signals and exceptions get lost.
"""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1

if __name__ == "__main__":
    parent, command = int(sys.argv[1]), sys.argv[2:]
    if sys.platform.startswith("linux"):
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent:  # it ended just before
            sys.exit(1)
    os.execv(command[0], command)  # noqa: S606 - that is the point
