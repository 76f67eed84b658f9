#!/usr/bin/env python3
"""Interrupts a command at many moments: interrupt.py FOLDER COMMAND...

Sends SIGINT or SIGTERM after delays that cover the command's whole run. It must end because of that, or have finished. Either
way FOLDER holds all files that the command writes, or none.
"""

import os
import shutil
import signal
import subprocess
import sys
import time


def attempt(folder, command, complete, delay, number):
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True) as process:
        time.sleep(delay)
        os.killpg(process.pid, number)
        status = process.wait(timeout=120)
    if (left := sorted(os.listdir(folder))) != complete and (left or not status):
        sys.exit(f"{command} left {left} when interrupted after {delay:.3f} s (status {status})")
    return status


def main():
    folder, command = sys.argv[1], sys.argv[2:]
    start = time.monotonic()
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)
    whole = time.monotonic() - start
    complete = sorted(os.listdir(folder))
    steps = 16
    stopped = 0
    for step in range(steps):
        number = (signal.SIGINT, signal.SIGTERM)[step % 2]
        stopped += attempt(folder, command, complete, whole * (step + 0.5) / steps, number) != 0
    print(f"{stopped} of {steps} runs were interrupted")


if __name__ == "__main__":
    main()
