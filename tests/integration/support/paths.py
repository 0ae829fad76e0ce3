"""Where things are: the repository, its build, the executables under test."""

import os
import pathlib

ROOT = pathlib.Path(__file__).resolve().parents[3]
BUILD = ROOT / "build"


def binaries():
    """The directory of the executables under test: $HOOT_BIN, which `./dev test` sets."""
    return pathlib.Path(os.environ.get("HOOT_BIN", BUILD / "asan" / "bin")).resolve()


def binary(name):
    path = binaries() / name
    assert path.exists(), f"{path} is not built: run ./dev test, or ./dev build asan"
    return path


def build_dir():
    """The CMake build directory that the executables under test come from."""
    return binaries().parent
