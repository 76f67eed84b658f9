"""What the lints share: which files the project has, and how a lint reports and tests itself."""

import os
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

SKIPPED_FOLDERS = (".git", ".deps", "__pycache__")


def project_files(root=ROOT):
    """Paths relative to root of all files that git tracks or would track."""
    listing = subprocess.run(
        ["git", "-C", root, "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        capture_output=True,
        check=False,
    )
    if listing.returncode == 0:
        names = sorted(set(listing.stdout.decode().split("\0")) - {""})
        return [name for name in names if os.path.isfile(os.path.join(root, name))]
    found = []
    for folder, folders, files in os.walk(root):
        folders[:] = [f for f in folders if f not in SKIPPED_FOLDERS and not f.startswith("build")]
        found += [os.path.relpath(os.path.join(folder, name), root) for name in files]
    return sorted(found)


def read_text(root, name):
    """The file's text, or None when it is binary."""
    with open(os.path.join(root, name), "rb") as file:
        data = file.read()
    if b"\0" in data:
        return None
    return data.decode("utf-8", errors="replace")


def problems_in_samples(check, samples):
    """Runs check(root) over a scratch folder holding samples, a dict of file name to text."""
    with tempfile.TemporaryDirectory() as root:
        for name, text in samples.items():
            path = os.path.join(root, name)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "w", encoding="utf-8") as file:
                file.write(text)
        return check(root)


def expect(check, samples, wanted):
    """Self-test: check must report, for these samples, one problem for each text of wanted that holds it, and no other."""
    found = problems_in_samples(check, samples)
    missing = [text for text in wanted if not any(text in problem for problem in found)]
    if missing or len(found) != len(wanted):
        sys.exit(f"self-test failed: wanted {wanted}, found {found}")


def main(check, self_test):
    """The main of a lint: no argument checks the project, --self-test checks the lint on bad samples."""
    if sys.argv[1:] == ["--self-test"]:
        self_test()
        print("the lint finds what it should")
        return
    if sys.argv[1:]:
        sys.exit(f"usage: {os.path.basename(sys.argv[0])} [--self-test]")
    problems = check(ROOT)
    for problem in problems:
        print(problem)
    if problems:
        sys.exit(f"{len(problems)} problem(s)")
