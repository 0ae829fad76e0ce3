#!/usr/bin/python3
"""clang-tidy over the sources whose text, or a header of theirs, changed since they were last found clean.

usage: check-tidy.py BUILD_DIR    a finished build by clang: its compile_commands.json, and the includes ninja knows

What was found clean is remembered in BUILD_DIR/tidy: a hash of the source, of every file of this repository that it
includes, of its command and of .clang-tidy.
"""

import concurrent.futures
import hashlib
import json
import os
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[1]
FOLDERS = tuple(str(ROOT / folder) + "/" for folder in ("src", "hooter", "examples", "bench"))


def dependencies(build):
    """Source -> the files of this repository that it is made of, itself included."""
    found, block = {}, []
    lines = subprocess.run(["ninja", "-C", build, "-t", "deps"], check=True, capture_output=True,
                           text=True).stdout.splitlines()
    for line in lines + [""]:
        if line.startswith("    "):
            block.append(os.path.realpath(build / line.strip()))
        elif block:
            found[block[0]] = [path for path in block if path.startswith(str(ROOT))]
            block = []
    return found


def fingerprint(entry, files):
    digest = hashlib.sha256(entry["command"].encode())
    for path in (ROOT / ".clang-tidy", *sorted(files)):
        digest.update(pathlib.Path(path).read_bytes())
    return digest.hexdigest()


def tidy(build, entry):
    done = subprocess.run(["clang-tidy", "-p", build, "--quiet", "--warnings-as-errors=*", entry["file"]],
                          capture_output=True, text=True)
    return done.returncode == 0, done.stdout + (done.stderr if not done.stdout else "")


def main():
    build = pathlib.Path(sys.argv[1]).resolve()
    clean = build / "tidy"
    clean.mkdir(exist_ok=True)
    files = dependencies(build)
    work = {}
    for entry in json.loads((build / "compile_commands.json").read_text()):
        source = os.path.realpath(entry["file"])
        if source.startswith(FOLDERS) and source.endswith(".c"):
            stamp = clean / fingerprint(entry, files.get(source, [source]))
            if not stamp.exists():
                work[stamp] = entry
    failed = 0
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for stamp, (ok, text) in zip(work, pool.map(lambda entry: tidy(build, entry), work.values())):
            if ok:
                stamp.touch()
            else:
                print(text)
                failed += 1
    print(f"{len(work)} files read, {failed} with findings")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
