"""What `cmake --install` leaves serves other people's programs, by pkg-config and by find_package."""

import os
import re
import subprocess

import pytest

from support import paths

PROGRAM = r"""
#include <hoot/version.h>
#include <stdio.h>

int main(void)
{
    printf("%s %d.%d.%d\n", hoot_version(), HOOT_VERSION_MAJOR, HOOT_VERSION_MINOR, HOOT_VERSION_PATCH);
    return 0;
}
"""

CMAKE_LISTS = """
cmake_minimum_required(VERSION 3.25)
project(consumer C)
find_package(hoot 0.1 REQUIRED)
add_executable(with_shared main.c)
target_link_libraries(with_shared PRIVATE hoot::hoot)
add_executable(with_static main.c)
target_link_libraries(with_static PRIVATE hoot::hoot_static)
"""


def run(*command, **options):
    done = subprocess.run(list(map(str, command)), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **options)
    assert done.returncode == 0, f"{' '.join(map(str, command))}\n{done.stdout}"
    return done.stdout


def cached(name):
    """A value in the CMake cache of the build under test."""
    match = re.search(rf"^{name}:\w+=(.*)$", (paths.build_dir() / "CMakeCache.txt").read_text(), re.MULTILINE)
    return match[1] if match else ""


@pytest.fixture(scope="module")
def prefix(tmp_path_factory):
    directory = tmp_path_factory.mktemp("install") / "prefix"
    run("cmake", "--install", paths.build_dir(), "--prefix", directory)
    return directory


@pytest.fixture(scope="module")
def flags():
    """A build with sanitizers makes libraries that only programs with sanitizers can be linked with."""
    return ["-fsanitize=address,undefined"] if cached("HOOT_SANITIZE") == "ON" else []


@pytest.fixture
def source(tmp_path):
    (tmp_path / "main.c").write_text(PROGRAM)
    return tmp_path


def assert_says_version(output):
    library, headers = output.split()
    assert library == headers


@pytest.mark.parametrize("static", [False, True], ids=["shared", "static"])
def test_a_program_builds_by_pkg_config(prefix, flags, source, static):
    env = {**os.environ, "PKG_CONFIG_PATH": str(prefix / "lib" / "pkgconfig")}
    words = run("pkg-config", "--cflags", "--libs", *(["--static"] if static else []), "hoot", env=env).split()
    if static:
        words[words.index("-lhoot")] = "-l:libhoot.a"
    run("gcc", "-std=c17", "-Wall", "-Wextra", "-Werror", *flags, "main.c", "-o", "program", *words, cwd=source)
    assert_says_version(run("./program", cwd=source, env={**os.environ, "LD_LIBRARY_PATH": str(prefix / "lib")}))
    needed = run("readelf", "-d", "program", cwd=source)
    assert ("libhoot.so.0" in needed) != static


def test_a_program_builds_by_find_package(prefix, flags, source):
    (source / "CMakeLists.txt").write_text(CMAKE_LISTS)
    run("cmake", "-G", "Ninja", "-S", source, "-B", source / "build", f"-DCMAKE_PREFIX_PATH={prefix}",
        f"-DCMAKE_C_FLAGS={' '.join(flags)}")
    run("cmake", "--build", source / "build")
    for name in ("with_shared", "with_static"):
        assert_says_version(run(source / "build" / name))


def test_every_public_header_is_installed(prefix):
    def headers(directory):
        return {str(path.relative_to(directory)) for path in directory.rglob("*.h")}
    assert headers(prefix / "include") == headers(paths.ROOT / "include")


def test_hooter_is_installed(prefix):
    assert os.access(prefix / "bin" / "hooter", os.X_OK)
