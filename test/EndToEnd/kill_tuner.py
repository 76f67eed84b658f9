#!/usr/bin/env python3
"""Kills attune tune at random moments: kill_tuner.py ATTUNE DATABASE [KILLS] [SEED].

After each SIGKILL the database must load, with at most a torn last line, and hold every trial once. Of rounds of one candidate at
most the one in flight may be missing: a runner that counts how often measuring has begun tells how many there were. Of a round of
eight those candidates must be there whose results the measuring program had printed: a runner that goes no further holds the round
up until it is killed. A last run, which is left to finish, must go on from there: it repeats nothing, and what it says it knows is
what the file had.
"""

import json
import os
import random
import shlex
import signal
import subprocess
import sys
import time

KERNEL = "gemm:m=64,n=64,k=64"
# Results before the end of a round that are enough to hold it up: one of them may be that of the best so far, which is no trial.
EARLY = 3


def tune(attune, database, trials, round_size, runner=None):
    runners = [f"--runner={runner}"] if runner else []
    return [attune, "tune", f"--kernel={KERNEL}", f"--trials={trials}", f"--db={database}", f"--round={round_size}", "-t", "1",
            "--jobs=1", "--format=json"] + runners


def read(database):
    """The whole lines as records."""
    if not os.path.exists(database):
        return []
    with open(database, "rb") as file:
        lines = file.read().split(b"\n")
    return [json.loads(line) for line in lines[:-1] if line]


def key(record):
    return record["workload"], record["backend"], json.dumps(record["schedule"], sort_keys=True)


def check(attune, database, moment):
    """All whole lines are records, none of them a repetition; attune reads them. Returns the trials."""
    try:
        records = read(database)
    except ValueError as error:
        sys.exit(f"{moment}: a line within the database is no record: {error}")
    trials = [record for record in records if not record.get("confirmed")]
    if len(set(key(record) for record in trials)) != len(trials):
        sys.exit(f"{moment}: a finished trial was repeated")
    if os.path.exists(database):
        listed = subprocess.run([attune, "db", "list", database], capture_output=True, check=False)
        if listed.returncode:
            sys.exit(f"{moment}: the database does not load: {listed.stderr.decode()}")
    return trials


def run_and_kill(command, wait):
    """Kills the tuner, and all that it has started, once `wait` returns."""
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, start_new_session=True) as process:
        wait(process)
        if process.poll() is not None:
            sys.exit(f"the tuner ended by itself: {process.stderr.read().decode()}")
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def kill_at(attune, database, delay, moment, before):
    """Kills a search in rounds of one candidate after so many seconds; the trials since, which may lack one that had begun."""
    log = database + ".begun"
    with open(log, "w", encoding="utf-8"):
        pass
    runner = f"echo {{}} >>{shlex.quote(log)}; exec {{}}"
    run_and_kill(tune(attune, database, 100000, 1, runner), lambda process: time.sleep(delay))
    with open(log, encoding="utf-8") as file:
        # What goes on without a candidate that has crashed is the same round.
        begun = sum("--skip=" not in line for line in file.read().split("\n")[:-1])
    trials = check(attune, database, moment)
    if len(trials) < before + begun - 1:
        sys.exit(f"{moment}: {begun} rounds had begun, {len(trials) - before} trials are in the file")
    return len(trials), begun > len(trials) - before


def hold(log, command):
    """Runs a measuring program and hands on what it prints; in a round with enough early results, no more than these."""
    early, codes = [], 0
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as program:
        for line in program.stdout:
            event = json.loads(line)
            codes = event.get("codes", codes)
            if event.get("result") == 0 and len(early) >= EARLY:
                with open(log + ".new", "w", encoding="utf-8") as file:
                    json.dump({"codes": codes, "early": early}, file)
                os.rename(log + ".new", log)
                time.sleep(600)
            if "result" in event:
                early.append(event)
            print(line, end="", flush=True)
    sys.exit(program.returncode)


def kill_in_round(attune, database):
    """Kills a round of eight after its first results; how many of them are in the file."""
    log = database + ".held"
    runner = f"exec {shlex.quote(sys.executable)} {shlex.quote(os.path.abspath(__file__))} --hold {shlex.quote(log)} {{}}"

    def find():
        """Early results, and those among them that are in the file."""
        with open(log, encoding="utf-8") as file:
            held = json.load(file)
        times = set(record.get("median_ms") for record in read(database) if not record.get("confirmed"))
        # The best so far runs along as the last code.
        early = [event for event in held["early"] if event["status"] == "ok" and event["result"] != held["codes"] - 1]
        return early, [event for event in early if event["median"] in times]

    def wait(process):
        deadline = time.monotonic() + 300
        while time.monotonic() < deadline and process.poll() is None:
            if os.path.exists(log):
                early, found = find()
                if len(found) == len(early):
                    return
            time.sleep(0.02)

    run_and_kill(tune(attune, database, 100000, 8, runner), wait)
    check(attune, database, "in a round of eight")
    if not os.path.exists(log):
        sys.exit("no round of eight had early results")
    early, found = find()
    if len(found) < len(early):
        sys.exit(f"{len(early)} of a round had ended, {len(found)} are in the file")
    return len(found)


def main():
    attune, database = sys.argv[1], sys.argv[2]
    kills = int(sys.argv[3]) if len(sys.argv) > 3 else 20
    rng = random.Random(int(sys.argv[4]) if len(sys.argv) > 4 else 1)
    for path in (database, database + ".held"):
        if os.path.exists(path):
            os.remove(path)
    before, lost = 0, 0
    for kill in range(kills):
        delay = rng.uniform(0.02, 2.4)
        moment = f"kill {kill} after {delay:.3f} s"
        trials, is_lost = kill_at(attune, database, delay, moment, before)
        if trials < before:
            sys.exit(f"{moment}: {before} trials have become {trials}")
        before, lost = trials, lost + is_lost
    print(f"{kills} kills, {before} trials survived, none was repeated, the one that was measured was lost {lost} times")
    early = kill_in_round(attune, database)
    print(f"{early} trials of a round survived that had not ended")
    before = len(check(attune, database, "after the round"))
    last = subprocess.run(tune(attune, database, 4, 2), capture_output=True, check=False)
    if last.returncode:
        sys.exit(f"resuming failed: {last.stderr.decode()}")
    result = json.loads(last.stdout)
    if result["trials"] != 4:
        sys.exit(f"resuming made {result['trials']} trials, expected 4")
    if result["kernels"][0]["known"] != before:
        sys.exit(f"resuming knew {result['kernels'][0]['known']} trials, the database had {before}")
    after = len(check(attune, database, "at the end"))
    if after != before + 4:
        sys.exit(f"{after} trials at the end, expected {before + 4}")
    print(f"the search went on with {before} trials known")


if __name__ == "__main__":
    if sys.argv[1] == "--hold":
        hold(sys.argv[2], sys.argv[3:])
    else:
        main()
