"""Many rows: executemany beside row by row, the memory of a streaming cursor, rows as JSON. On a MariaDB server of its own.

The median of the rounds; what counts are the ratio and the memory, since absolute times mean nothing on a shared machine.
"""

import json
import pathlib
import statistics
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "tests" / "integration"))

from support import paths               # noqa: E402
from support.mariadb import MariaDB     # noqa: E402

ROUNDS, ROWS, STREAMED = 3, 100_000, 1_000_000
TABLE = "CREATE TABLE many (id INT PRIMARY KEY, name VARCHAR(40), amount DOUBLE) ENGINE=InnoDB"


def measure(server, database):
    url = f"mysql://{server.user}:{server.password}@/{database}?socket={server.socket}"
    command = [paths.binary("db_many"), url, str(ROWS), str(STREAMED)]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def insert_on_server(server, database):
    """The same rows without a client: what no way of sending them can be faster than. Gives: seconds."""
    server.run_sql("TRUNCATE many", database=database)
    start = time.monotonic()
    server.run_sql("INSERT INTO many SELECT seq, IF(seq % 2, 'one of the odd ones', 'an even one'), seq / 7 "
                   f"FROM seq_1_to_{ROWS}", database=database)
    return time.monotonic() - start


def main():
    server = MariaDB()
    try:
        database = server.create_database()
        server.run_sql(TABLE, database=database)
        rounds = [measure(server, database) | {"alone_s": insert_on_server(server, database)} for _ in range(ROUNDS)]
    finally:
        server.close()
    middle = {name: statistics.median(r[name] for r in rounds) for name in rounds[0]}
    ratio = statistics.median(r["each_s"] / r["many_s"] for r in rounds)
    together = statistics.median(r["each_together_s"] / r["many_together_s"] for r in rounds)
    worst = max(max(r["text_kib"], r["binary_kib"]) for r in rounds)
    print(f"insert {ROWS:,} rows     one by one {middle['each_s']:.2f} s, executemany {middle['many_s']:.3f} s: "
          f"{ratio:.1f} times faster (10 wanted)")
    print(f"in one transaction     one by one {middle['each_together_s']:.2f} s, executemany {middle['many_together_s']:.3f} s: "
          f"{together:.1f} times faster; INSERT ... SELECT of them, on the server alone: {middle['alone_s']:.3f} s")
    print(f"stream {STREAMED:,} rows  text {middle['text_s']:.2f} s, binary {middle['binary_s']:.2f} s; memory grew by "
          f"{worst} KiB at most (10,240 allowed), resident {middle['resident_kib']:.0f} KiB in all")
    print(f"a row as JSON          straight {middle['json_ns']:.0f} ns, by way of a value {middle['object_ns']:.0f} ns")
    return 0 if ratio >= 10 and worst < 10_240 else 1


sys.exit(main())
