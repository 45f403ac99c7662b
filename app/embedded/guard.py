"""Hold the server until our parent ends: `python -m app.embedded.guard INSTANCE`, standard input a pipe.

The kernel closes the parent's end of the pipe however it ends, so the server is stopped even after a kill -9.
"""

import os
import sys
import time
from pathlib import Path

from app import embedded

if __name__ == "__main__":
    parent = os.getppid()
    with embedded.server(Path(sys.argv[1])):
        sys.stdin.read()
        while os.getppid() == parent:  # its locks go a moment after its pipes
            time.sleep(0.05)
