#!/usr/bin/env python3
"""Runs the examples of README.md and docs/*.md and compares what they print.

check_examples.py --bin BUILD/bin --llvm-bin LLVM/bin [--cmake CMAKE] [--minilm DIR] [PAGE...]
check_examples.py --self-test

A fenced block that begins with ```console is a session: lines with "$ " are commands ("> " continues one), what stands
below each is what it prints, on stdout and stderr together. "..." stands for any text in a line and, alone on its line, for
any lines; what may differ between machines or runs, times above all, is written so. A command that fails is followed by
"$ echo $?". A block ```c file=app.c, of any language, is a file that the commands behind it find.

The sessions of a page are one shell in an empty folder, with Attune's tools on the PATH, the project's examples/ and test/
as links, and all-MiniLM-L6-v2 where the model is there; blocks ```console minilm run only then. Blocks ```sh are not run.
"""

import argparse
import glob
import os
import re
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
MARK = "--8<-- end of command"
FENCE = re.compile(r"^(`{3,})\s*(\S*)\s*(.*)$")


class Command:
    def __init__(self, line, text):
        self.line, self.text, self.expected = line, text, []


def parse_session(lines, first):
    """The commands of a console block whose first line is number `first` of the page."""
    commands = []
    for number, line in enumerate(lines, first):
        if line.startswith("$ "):
            commands.append(Command(number, line[2:]))
        elif not commands:
            raise ValueError(f"line {number}: output before the first command")
        elif line.startswith("> ") and not commands[-1].expected:
            commands[-1].text += "\n" + line[2:]
        else:
            commands[-1].expected.append(line)
    return commands


def parse(text):
    """The steps of a page: ("file", name, text) and ("run", needs_minilm, commands)."""
    steps, lines, i = [], text.splitlines(), 0
    while i < len(lines):
        match = FENCE.match(lines[i])
        if not match:
            i += 1
            continue
        end = i + 1
        while end < len(lines) and lines[end].strip() != match.group(1):
            end += 1
        body, language, words = lines[i + 1 : end], match.group(2), match.group(3).split()
        name = next((word[5:] for word in words if word.startswith("file=")), None)
        if name:
            steps.append(("file", name, "\n".join(body) + "\n"))
        elif language == "console":
            steps.append(("run", "minilm" in words, parse_session(body, i + 2)))
        i = end + 1
    return steps


def pattern_of(expected):
    """A regular expression for output that looks like the lines `expected`."""
    pattern = ""
    for line in expected:
        if line.strip() == "...":
            pattern += r"(?:.*\n)*?"
        else:
            pattern += ".*?".join(re.escape(part) for part in line.rstrip().split("...")) + r"[ \t]*\n"
    return re.compile(pattern)


def run_shell(script, folder, path):
    environment = {name: os.environ[name] for name in ("LANG", "TMPDIR") if name in os.environ}
    environment.update(PATH=path, HOME=folder)
    run = subprocess.run(["bash"], input=script, cwd=folder, env=environment, stdout=subprocess.PIPE,
                         stderr=subprocess.STDOUT, text=True, errors="replace", check=False)
    return run.stdout


def check_page(text, path, minilm):
    """Runs a page's examples; returns the problems and the number of commands."""
    with tempfile.TemporaryDirectory() as folder:
        for name in ("examples", "test"):
            os.symlink(os.path.join(ROOT, name), os.path.join(folder, name))
        if minilm:
            os.symlink(os.path.abspath(minilm), os.path.join(folder, "all-MiniLM-L6-v2"))
        script, commands = "", []
        for kind, what, content in parse(text):
            if kind == "file":
                with tempfile.NamedTemporaryFile("w", dir=folder, prefix=".file", delete=False) as file:
                    file.write(content)
                script += f"mkdir -p {os.path.dirname(what) or '.'} && mv {os.path.basename(file.name)} {what}\n"
            elif minilm or not what:
                for command in content:
                    # The command keeps away from the script, which is the shell's input.
                    script += f"{{ {command.text}\n}} </dev/null\nstatus=$?\n"
                    script += f"printf '\\n{MARK} %d\\n' $status\n(exit $status)\n"
                    commands.append(command)
        parts = re.split(rf"\n{MARK} (\d+)\n", run_shell(script, folder, path))
    problems = []
    for i, command in enumerate(commands):
        if 2 * i + 1 >= len(parts):
            return problems + [f"line {command.line}: the shell ended before '{command.text}'"], len(commands)
        output, status = parts[2 * i], int(parts[2 * i + 1])
        asked = i + 1 < len(commands) and commands[i + 1].text == "echo $?"
        if status != 0 and not asked:
            problems.append(f"line {command.line}: '{command.text}' ended with status {status}:\n{output}")
            continue
        if output and not output.endswith("\n"):
            output += "\n"
        if not pattern_of(command.expected).fullmatch(output):
            expected = "".join(line + "\n" for line in command.expected)
            problems.append(
                f"line {command.line}: '{command.text}' printed\n{output}which does not look like\n{expected}")
    return problems, len(commands)


def self_test():
    page = """
```console
$ echo one; echo two 17 ms >&2
one
two ... ms
$ printf 'a\\nb\\nc\\n'
a
...
c
$ false
$ echo $?
1
$ cat x.txt
in the file
```

```text file=y.txt
kept
```

```console
$ cat y.txt && echo \\
> "joined"
kept
joined
```

```sh
never run
```

```console minilm
$ no such command
```
""".replace("```console\n$ echo one", "```text file=x.txt\nin the file\n```\n\n```console\n$ echo one", 1)
    problems, count = check_page(page, os.environ["PATH"], None)
    if problems or count != 6:
        sys.exit(f"self-test: a good page gives {problems} after {count} commands")
    bad = "```console\n$ echo one\ntwo\n$ false\n$ echo on\non\n$ echo more\n$ exit 3\n$ echo late\nlate\n```\n"
    problems, _ = check_page(bad, os.environ["PATH"], None)
    wanted = ("line 2: 'echo one' printed", "line 4: 'false' ended with status 1", "line 7: 'echo more' printed",
              "line 8: the shell ended before")
    if len(problems) != len(wanted) or not all(p.startswith(w) for p, w in zip(problems, wanted)):
        sys.exit("self-test: a bad page gives\n" + "\n".join(problems))
    print("the check finds what it should")


def main():
    if sys.argv[1:] == ["--self-test"]:
        return self_test()
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--bin", required=True)
    parser.add_argument("--llvm-bin", required=True)
    parser.add_argument("--cmake")
    parser.add_argument("--minilm")
    parser.add_argument("pages", nargs="*")
    options = parser.parse_args()
    folders = [os.path.abspath(options.bin), options.llvm_bin]
    if options.cmake:
        folders.append(os.path.dirname(options.cmake))
    path = os.pathsep.join([*folders, os.environ["PATH"]])
    minilm = options.minilm
    if not minilm or not os.path.exists(os.path.join(minilm, "model.safetensors")):
        print("without all-MiniLM-L6-v2: blocks that need it are left out")
        minilm = None
    pages = options.pages or [os.path.join(ROOT, "README.md"), *sorted(glob.glob(os.path.join(ROOT, "docs", "*.md")))]
    failed = 0
    for page in pages:
        with open(page, encoding="utf-8") as file:
            text = file.read()
        try:
            problems, count = check_page(text, path, minilm)
        except ValueError as error:
            problems, count = [str(error)], 0
        name = os.path.relpath(page, ROOT)
        print(f"{name}: {count} commands, {len(problems)} problems")
        for problem in problems:
            print(f"{name}: {problem}")
        failed += len(problems)
    if failed:
        sys.exit(1)


if __name__ == "__main__":
    main()
