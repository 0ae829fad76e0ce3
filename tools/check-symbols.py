#!/usr/bin/python3
"""Does the shared library export what the headers declare, and nothing else? usage: check-symbols.py libhoot.so"""

import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[1]
# What a declaration begins with, up to the name of the function or variable.
DECLARED = re.compile(r"^HOOT_API\b[^;{]*?\b(hoot_\w+)\s*(?:\(|\[|;|=)", re.MULTILINE)


def exported(library):
    lines = subprocess.run(["nm", "-D", "--defined-only", library], check=True, capture_output=True,
                           text=True).stdout.splitlines()
    return {line.split()[-1] for line in lines}


def declared():
    names = {}
    for path in sorted((ROOT / "include").rglob("*.h")):
        text = re.sub(r"/\*.*?\*/", "", path.read_text(), flags=re.DOTALL)
        text = re.sub(r"\bHOOT_PRINTF\([^)]*\)", "", text)
        for name in DECLARED.findall(text):
            names[name] = path.relative_to(ROOT)
    return names


def main():
    have, want = exported(sys.argv[1]), declared()
    problems = [f"{name} is exported but does not begin with hoot_" for name in sorted(have)
                if not name.startswith("hoot_")]
    problems += [f"{name} is exported but no header declares it" for name in sorted(have - set(want))
                 if name.startswith("hoot_")]
    problems += [f"{name} is declared in {want[name]} but not there" for name in sorted(set(want) - have)]
    for problem in problems:
        print(problem)
    print(f"{len(have)} symbols, {len(problems)} problems")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
