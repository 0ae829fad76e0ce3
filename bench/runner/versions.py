"""What was measured, by the versions that the programs and Debian's packages give themselves."""

import ctypes
import os
import pathlib
import platform
import re
import shutil
import subprocess

from support import paths

# Each pattern's first group is the version.
MARIADB = r"Ver (\S+)"
COMPILERS = (rb"(\w* ?clang version [\w.+~-]+)", rb"GCC: (\([^)\0]*\) [\w.]+)")     # a program made with clang holds GCC's crt, too


def output(*command):
    """What it prints on both outputs; "" where it is not there or does not work."""
    try:
        done = subprocess.run(list(map(str, command)), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              text=True, errors="replace", timeout=30)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout if done.returncode == 0 else ""


def first(pattern, text):
    found = re.search(pattern, text)
    return found.group(1) if found else None


def package(name):
    """Of one of Debian's."""
    return output("dpkg-query", "--show", "--showformat=${Version}", name).strip() or None


def compiler(program):
    """Which one made the program, from the program; None: it does not tell."""
    content = pathlib.Path(program).read_bytes()
    found = next((match for match in (re.search(one, content) for one in COMPILERS) if match), None)
    if not found:
        return None
    text = found.group(1).decode(errors="replace")
    return text if "clang" in text else f"GCC {text}"


def libuv():
    try:
        library = ctypes.CDLL("libuv.so.1")
    except OSError:
        return None
    library.uv_version_string.restype = ctypes.c_char_p
    return library.uv_version_string().decode()


def database_server():
    """The program that the tests' MariaDB is started from."""
    return shutil.which("mariadbd", path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin") or "mariadbd"


def ours():
    """{name: version} of what all tests stand on, without those that are not there."""
    found = {"Linux": platform.release(), "compiler": compiler(paths.binary("tfb")), "libuv": libuv(),
             "MariaDB": first(MARIADB, output(database_server(), "--version"))}
    return known(found)


def known(found):
    return {name: version for name, version in found.items() if version}
