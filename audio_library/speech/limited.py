"""Runs a foreign command within limits. Run with `python -I -S`: it becomes that command."""

import os
import resource
import sys

if __name__ == "__main__":
    memory, seconds = int(sys.argv[1]), int(sys.argv[2])
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    os.execv(sys.argv[3], sys.argv[3:])
