#!/usr/bin/env python3
"""Kills attune tune at random moments: kill_tuner.py ATTUNE DATABASE [KILLS] [SEED].

After each SIGKILL the database must load, with at most a torn last line, and hold every trial once. A last run, which is left to
finish, must go on from there: it repeats nothing, and what it says it knows is what the file had.
"""

import json
import os
import random
import signal
import subprocess
import sys
import time

KERNEL = "gemm:m=64,n=64,k=64"


def tune(attune, database, trials):
    return [attune, "tune", f"--kernel={KERNEL}", f"--trials={trials}", f"--db={database}", "--round=2", "-t", "1",
            "--jobs=1", "--format=json"]


def read(database):
    """The records, and whether the last line is torn."""
    if not os.path.exists(database):
        return [], False
    with open(database, "rb") as file:
        lines = file.read().split(b"\n")
    return [json.loads(line) for line in lines[:-1] if line], bool(lines[-1])


def key(record):
    return record["workload"], record["backend"], json.dumps(record["schedule"], sort_keys=True)


def check(attune, database, moment):
    """All whole lines are records, none of them a repetition; attune reads them."""
    try:
        records, torn = read(database)
    except ValueError as error:
        sys.exit(f"{moment}: a line within the database is no record: {error}")
    trials = [key(record) for record in records if not record.get("confirmed")]
    if len(set(trials)) != len(trials):
        sys.exit(f"{moment}: a finished trial was repeated")
    if os.path.exists(database):
        listed = subprocess.run([attune, "db", "list", database], capture_output=True, check=False)
        if listed.returncode:
            sys.exit(f"{moment}: the database does not load: {listed.stderr.decode()}")
    return len(trials), torn


def main():
    attune, database = sys.argv[1], sys.argv[2]
    kills = int(sys.argv[3]) if len(sys.argv) > 3 else 20
    rng = random.Random(int(sys.argv[4]) if len(sys.argv) > 4 else 1)
    if os.path.exists(database):
        os.remove(database)
    before = 0
    for kill in range(kills):
        delay = rng.uniform(0.02, 2.4)
        with subprocess.Popen(tune(attune, database, 100000), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                              start_new_session=True) as process:
            time.sleep(delay)
            if process.poll() is not None:
                sys.exit(f"the tuner ended by itself: {process.stderr.read().decode()}")
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        trials, torn = check(attune, database, f"kill {kill} after {delay:.3f} s")
        if trials < before:
            sys.exit(f"kill {kill} after {delay:.3f} s: {before} trials have become {trials}")
        before = trials
    last = subprocess.run(tune(attune, database, 4), capture_output=True, check=False)
    if last.returncode:
        sys.exit(f"resuming failed: {last.stderr.decode()}")
    result = json.loads(last.stdout)
    if result["trials"] != 4:
        sys.exit(f"resuming made {result['trials']} trials, expected 4")
    if result["kernels"][0]["known"] != before:
        sys.exit(f"resuming knew {result['kernels'][0]['known']} trials, the database had {before}")
    after, _ = check(attune, database, "at the end")
    if after != before + 4:
        sys.exit(f"{after} trials at the end, expected {before + 4}")
    print(f"{kills} kills, {before} trials survived, none was repeated")


if __name__ == "__main__":
    main()
