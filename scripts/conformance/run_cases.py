#!/usr/bin/env python3
"""Runs the cases of make_cases.py through `attune run` and compares with the list of expected failures.

    run_cases.py CASES [--attune=PROGRAM] [--expected-failures=FILE] [--results=FILE] [-j JOBS] [--timeout=SECONDS]
                 [--filter=TEXT] [--group=NAME,...] [--min-share=PERCENT] [--causes] [-v] [--option=OPTION OF ATTUNE]

What becomes of a case is one of
    pass         all outputs are as expected
    wrong        an output differs (exit 4)
    unsupported  Attune says that it cannot compile the model (exit 3)
    error        any other exit status
    timeout      it ran longer than --timeout
    crash        a signal, an assertion, a sanitizer's report: always a failure of the whole run
Fails when a case does not pass that --expected-failures does not name, or one passes that it names; when a group other than
"other" has a case that is expected to fail; and when fewer of "other" pass than --min-share percent. --filter takes the
cases whose name holds TEXT, which may be given several times. --results gets a JSON object with all outcomes, their times
and messages. Needs nothing but Python.
"""

import argparse
import collections
import concurrent.futures
import json
import os
import re
import subprocess
import sys
import tempfile
import time

from expected import ExpectedFailures

OUTCOMES = ("pass", "wrong", "unsupported", "error", "timeout", "crash")
BY_STATUS = {0: "pass", 3: "unsupported", 4: "wrong"}
# What a program that dies says, also when something between caught the signal. Statuses above 128 are a shell's.
DEATHS = re.compile(r"Assertion .* failed|LLVM ERROR|UNREACHABLE executed|PLEASE submit a bug report|Stack dump:|"
                    r"(?:Address|UndefinedBehavior|Leak|Thread)Sanitizer|: runtime error: |terminate called")
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def classify(status, message):
    """The outcome of a run that ended by itself."""
    if status < 0 or status > 128 or DEATHS.search(message):
        return "crash"
    return BY_STATUS.get(status, "error")


def command_for(case, folder, attune, extra):
    def named(option, tensor):
        return f"--{option}={tensor['name']}=@{os.path.join(folder, tensor['file'])}"

    return [
        attune,
        "run",
        os.path.join(folder, case["model"]),
        *(named("input", tensor) for tensor in case["inputs"]),
        *(named("expected", tensor) for tensor in case["outputs"]),
        f"--rtol={case['rtol']!r}",
        f"--atol={case['atol']!r}",
        "--threads=1",
        *extra,
    ]


def run(case, options, scratch):
    command = command_for(case, options.cases, options.attune, options.option)
    begin = time.monotonic()
    try:
        # In a scratch folder, for whatever a program that dies may leave.
        done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                              timeout=options.timeout, cwd=scratch, check=False)
        message = done.stderr.decode(errors="replace")
        outcome, status = classify(done.returncode, message), done.returncode
    except subprocess.TimeoutExpired as expired:
        message, outcome, status = (expired.stderr or b"").decode(errors="replace"), "timeout", None
    return {
        "name": case["name"],
        "group": case["group"],
        "outcome": outcome,
        "status": status,
        "seconds": round(time.monotonic() - begin, 3),
        "message": message[-4000:],
        "ops": case["ops"],
    }


def run_all(cases, options):
    """The results in the order of the cases; a line of progress a hundred cases."""
    with tempfile.TemporaryDirectory() as scratch, concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        results = []
        for result in pool.map(lambda case: run(case, options, scratch), cases):
            results.append(result)
            if options.verbose or len(results) % 100 == 0 or len(results) == len(cases):
                print(f"[{len(results)}/{len(cases)}] {result['name']}: {result['outcome']}, {result['seconds']:.2f} s",
                      file=sys.stderr, flush=True)
        return results


def print_table(results):
    """Outcomes by group as a table of Markdown; the groups that must pass first."""
    counts = collections.defaultdict(collections.Counter)
    for result in results:
        counts[result["group"]][result["outcome"]] += 1
    rows = sorted((group for group in counts if group != "other"))
    must = sum((counts[group] for group in rows), collections.Counter())
    print(f"| group | cases | {' | '.join(OUTCOMES)} |")
    print("|---" * (2 + len(OUTCOMES)) + "|")

    def line(name, count):
        print(f"| {name} | {sum(count.values())} | {' | '.join(str(count[outcome]) for outcome in OUTCOMES)} |")

    for group in rows:
        line(group, counts[group])
    if len(rows) > 1:
        line("all of these", must)
    if counts["other"]:
        line("other", counts["other"])
        share = 100 * counts["other"]["pass"] / sum(counts["other"].values())
        print(f"\n{share:.1f} % of the other cases pass.")


def reason_line(result):
    """The line of a message that says most: the first error, else the last line."""
    lines = [line for line in result["message"].splitlines() if line.strip()]
    telling = [line for line in lines if "error" in line or DEATHS.search(line)]
    return (telling or lines or [f"exit status {result['status']}"])[0 if telling else -1][:200]


def print_causes(results):
    """What did not pass, by outcome and the shape of its message: the most frequent cause first."""
    causes = collections.defaultdict(list)
    for result in results:
        if result["outcome"] != "pass":
            line = re.sub(r"\S*/model\.onnx", "MODEL", reason_line(result))
            causes[result["outcome"], re.sub(r"'[^']*'|-?\d[\d.e+-]*", "_", line)].append(result)
    for (outcome, _), members in sorted(causes.items(), key=lambda cause: -len(cause[1])):
        print(f"\n{len(members)} {outcome}: {reason_line(members[0])}")
        print("  " + " ".join(member["name"] for member in members))


def judge(results, expected, min_share):
    """The problems of a run, one text each."""
    problems = []
    for result in results:
        name, outcome = result["name"], result["outcome"]
        reason = expected.reason(name)
        if outcome == "crash":
            problems.append(f"{name}: crashed: {reason_line(result)}")
        elif outcome != "pass" and reason is None:
            problems.append(f"{name}: {outcome}: {reason_line(result)}")
        elif outcome == "pass" and reason is not None:
            problems.append(f"{name}: passes although it is expected not to ({reason}): remove its line")
        elif outcome != "pass" and result["group"] != "other":
            problems.append(f"{name}: {outcome}: the group {result['group']} must pass wholly, an expected failure is no way out")
    others = [result for result in results if result["group"] == "other"]
    passed = sum(result["outcome"] == "pass" for result in others)
    if others and 100 * passed < min_share * len(others):
        problems.append(f"{passed} of {len(others)} other cases pass, fewer than {min_share} %")
    return problems


def parse():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("cases")
    parser.add_argument("--attune", default=os.path.join(ROOT, "build", "bin", "attune"))
    parser.add_argument("--expected-failures")
    parser.add_argument("--results")
    parser.add_argument("-j", "--jobs", type=int, default=2)
    parser.add_argument("--timeout", type=float, default=60)
    parser.add_argument("--filter", action="append", default=[])
    parser.add_argument("--group", type=lambda text: text.split(","), default=[])
    parser.add_argument("--min-share", type=float, default=0)
    parser.add_argument("--slowest", type=int, default=10)
    parser.add_argument("--causes", action="store_true", help="list what did not pass by the shape of its message")
    parser.add_argument("-v", "--verbose", action="store_true")
    parser.add_argument("--option", action="append", default=[], help="given to attune, e.g. --option=--no-fuse=all")
    options = parser.parse_args()
    options.attune, options.cases = os.path.abspath(options.attune), os.path.abspath(options.cases)
    return options


def main():
    options = parse()
    try:
        with open(os.path.join(options.cases, "manifest.json"), encoding="utf-8") as file:
            everything = json.load(file)
        expected = ExpectedFailures.read(options.expected_failures) if options.expected_failures else ExpectedFailures()
    except (OSError, ValueError) as error:
        sys.exit(f"run_cases: {error}")
    if not os.access(options.attune, os.X_OK):
        sys.exit(f"run_cases: there is no program {options.attune}: build it first")
    cases = [
        case for case in everything
        if (not options.filter or any(text in case["name"] for text in options.filter)) and
        (not options.group or case["group"] in options.group)
    ]
    if not cases:
        sys.exit("run_cases: no case is left by --filter and --group")

    begin = time.monotonic()
    results = run_all(cases, options)
    seconds = time.monotonic() - begin
    if options.results:
        with open(options.results, "w", encoding="utf-8") as file:
            json.dump({"seconds": round(seconds, 1), "jobs": options.jobs, "results": results}, file, indent=1)

    print_table(results)
    slowest = sorted(results, key=lambda result: -result["seconds"])[:options.slowest]
    median = sorted(result["seconds"] for result in results)[len(results) // 2]
    print(f"\n{len(results)} cases in {seconds:.0f} s with {options.jobs} jobs, the median takes {median:.2f} s; the slowest:")
    for result in slowest:
        print(f"  {result['seconds']:6.2f} s  {result['name']} ({result['outcome']})")

    if options.causes:
        print_causes(results)
    problems = judge(results, expected, options.min_share if len(cases) == len(everything) else 0)
    problems += [f"no case is named '{pattern}': remove this line of the expected failures"
                 for pattern in expected.unknown([case["name"] for case in everything])]
    if problems:
        print()
        for problem in problems:
            print(problem)
        sys.exit(f"{len(problems)} problem(s)")


if __name__ == "__main__":
    main()
