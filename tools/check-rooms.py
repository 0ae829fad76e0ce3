#!/usr/bin/python3
"""Does every file include only what its room may use? The rules are docs/internals/rooms.md; the tables here are theirs.

The build refuses a wrong room's header already. This also sees public headers used in the wrong room, libraries that
belong to one room only, ways around ("../"), and programs that reach past <hoot/...>.
"""

import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[1]

# A room, the rooms it may use, the public headers it owns.
ROOMS = {
    "base": ("", "arena buf crypto defs env error log str value version sys/map"),
    "runtime": ("base", "chan group lock offload scope task sys/wait"),
    "net": ("runtime base", "sys/stream"),
    "http": ("net runtime base", ""),
    "web": ("http net runtime base", "app blueprint cors json password request response session template testing"),
    "db": ("net runtime base", "batch binlog conn cursor migrate pool row sys/driver"),
    "client": ("runtime base", ""),
    # main.h: its types say what a server is started with; hoot_main() itself is cli's.
    "server": ("http web net runtime base", "main"),
    "cli": ("server client db web http net runtime base", ""),
}

# Libraries, and where their headers may be included: a room, a path below src/, or a public header.
LIBRARIES = {
    r"uv\.h": "runtime net server cli",
    r"openssl/.*": "base net db",
    r"jansson\.h": "web include/hoot/json.h",
    r"sqlite3\.h": "db/sqlite",
    r"argon2\.h": "web",
    r"zlib\.h": "http web db/mysql",
    r"sodium\.h": "db/mysql",
    r"curl/.*": "client",
    r"nghttp2/.*|wslay/.*": "http",
    r"sanitizer/.*|valgrind/.*": "base runtime",
}

LIBC = re.compile(
    r"(assert|ctype|dirent|dlfcn|errno|execinfo|fcntl|features|float|ftw|getopt|glob|grp|inttypes|ifaddrs|limits|link"
    r"|locale|malloc|math|netdb|poll|pthread|pwd|sched|semaphore|setjmp|signal|spawn|stdalign|stdarg|stdatomic|stdbool"
    r"|stddef|stdint|stdio|stdlib|stdnoreturn|string|strings|syslog|termios|time|ucontext|unistd|wchar"
    r"|immintrin|emmintrin|arm_neon|(sys|netinet|arpa|net|linux|asm)/\w+)\.h")
CPLUSPLUS = re.compile(r"[a-z_]+")

INCLUDE = re.compile(r'^\s*#\s*include\s*(?:<([^>]+)>|"([^"]+)")')

problems = []


def header_room(name):
    """The room that owns <hoot/NAME.h>."""
    for room, (_, headers) in ROOMS.items():
        if name in headers.split():
            return room
    return None


def allowed_rooms(room):
    return {room, *ROOMS[room][0].split()}


def check_public(where, room, name):
    """May a file of `room` include <hoot/NAME>?"""
    owner = header_room(name.removesuffix(".h"))
    if owner is None:
        problems.append(f"{where}: <hoot/{name}> is in no room: say in tools/check-rooms.py which one owns it")
    elif owner not in allowed_rooms(room):
        problems.append(f"{where}: {room} may not use <hoot/{name}>, which is of the room {owner}")


def check_library(where, place, name):
    for pattern, places in LIBRARIES.items():
        if re.fullmatch(pattern, name):
            if not any(place == one or place.startswith(one + "/") for one in places.split()):
                problems.append(f"{where}: <{name}> may only be included in {', '.join(places.split())}")
            return
    if not LIBC.fullmatch(name):
        problems.append(f"{where}: <{name}> is neither libc's nor a library that tools/check-rooms.py knows")


def check_quoted(where, path, room, name):
    """ "room/file.h" of a room it may use, or "file.h" beside the file."""
    first = name.split("/")[0]
    if room and "/" in name and first in ROOMS:
        if first not in allowed_rooms(room):
            problems.append(f"{where}: {room} may not use the room {first}")
    elif not (path.parent / name).exists():
        problems.append(f'{where}: "{name}" is not beside the file; another room\'s header is "room/file.h"')


def includes(path):
    for number, line in enumerate(path.read_text().splitlines(), 1):
        match = INCLUDE.match(line)
        if match:
            where = f"{path.relative_to(ROOT)}:{number}"
            name = match[1] or match[2]
            if ".." in name.split("/"):
                problems.append(f'{where}: no "../" in an include')
            else:
                yield where, name, match[1] is None


def check_room_file(path):
    inside = path.relative_to(ROOT / "src")
    room = inside.parts[0]
    for where, name, quoted in includes(path):
        if quoted:
            check_quoted(where, path, room, name)
        elif name.startswith("hoot/"):
            check_public(where, room, name[5:])
        else:
            check_library(where, str(inside), name)


def check_header(path):
    name = str(path.relative_to(ROOT / "include/hoot")).removesuffix(".h")
    room = header_room(name)
    if name == "hoot":      # gathers the others
        return
    if room is None:
        problems.append(f"include/hoot/{name}.h is in no room: say in tools/check-rooms.py which one owns it")
        return
    for where, other, quoted in includes(path):
        if quoted:
            problems.append(f"{where}: public headers include each other as <hoot/...>")
        elif other.startswith("hoot/"):
            check_public(where, room, other[5:])
        elif not CPLUSPLUS.fullmatch(other):
            check_library(where, f"include/hoot/{name}.h", other)


def check_program_file(path):
    """hooter, the examples and the benchmark's service: what any user of the library has."""
    for where, name, quoted in includes(path):
        if quoted:
            check_quoted(where, path, None, name)
        elif not name.startswith("hoot/") and not LIBC.fullmatch(name):
            problems.append(f"{where}: <{name}>: programs use <hoot/...> and libc only")


def check_other_file(path):
    for _ in includes(path):
        pass


def sources(folder):
    return sorted(path for kind in ("*.c", "*.h") for path in (ROOT / folder).rglob(kind))


def main():
    checks = {"src": check_room_file, "include": check_header, "hooter": check_program_file,
              "examples": check_program_file, "bench/tfb": check_program_file, "tests": check_other_file, "fuzz": check_other_file}
    count = 0
    for folder, check in checks.items():
        for path in sources(folder):
            check(path)
            count += 1
    for problem in problems:
        print(problem)
    print(f"{count} files, {len(problems)} wrong includes")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
