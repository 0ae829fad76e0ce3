"""One row by its key from 64 tasks, beside a bare client and libmariadb. On a MariaDB server of its own.

The server has one core and the client another, where there are two: else they take the core from each other, and what is measured is
the scheduler. Rounds are interleaved, since the machine's other work comes and goes; the median of the rounds' ratios counts.
"""

import json
import os
import pathlib
import statistics
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "tests" / "integration"))

from support import paths               # noqa: E402
from support.mariadb import MariaDB     # noqa: E402

ROUNDS, KEYS, STATEMENTS = int(sys.argv[1]) if len(sys.argv) > 1 else 9, 1000, 100_000
CLIENTS = ["hoot", "bare", "libmariadb"]
SERVER_CORE, CLIENT_CORE = "0", "1"
TWO_CORES = len(os.sched_getaffinity(0)) > 1


def measure(client, server, database):
    command = ["taskset", "-c", CLIENT_CORE] if TWO_CORES else []
    command += [paths.binary("db"), client, server.socket, "bench", database, str(KEYS), str(STATEMENTS)]
    done = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    return {"per_s": STATEMENTS / done["wall_s"], "cpu_us": done["cpu_s"] * 1e6 / STATEMENTS}


def main():
    server = MariaDB()
    try:
        if TWO_CORES:
            subprocess.run(["taskset", "-a", "-p", "-c", SERVER_CORE, str(server.pid)], check=True, capture_output=True)
        database = server.create_database()
        server.run_sql("CREATE TABLE one_row (id BIGINT PRIMARY KEY, name VARCHAR(40)) ENGINE=InnoDB", database=database)
        server.run_sql(f"INSERT INTO one_row SELECT seq, CONCAT('name ', seq) FROM seq_1_to_{KEYS}", database=database)
        server.run_sql("CREATE USER bench@localhost IDENTIFIED BY ''")
        server.run_sql("GRANT ALL ON *.* TO bench@localhost")
        rounds = [{client: measure(client, server, database) for client in CLIENTS} for _ in range(ROUNDS)]
    finally:
        server.close()
    for client in CLIENTS:
        print(f"{client:10}  {statistics.median(r[client]['per_s'] for r in rounds):8,.0f} statements/s  "
              f"{statistics.median(r[client]['cpu_us'] for r in rounds):6.2f} us of CPU each")

    def ratio(what, other):
        return statistics.median(r["hoot"][what] / r[other][what] for r in rounds)

    speed, cpu, gain = ratio("per_s", "bare"), ratio("cpu_us", "bare"), ratio("per_s", "libmariadb")
    print(f"beside the bare client: {speed:.2f} of its statements/s (0.9 wanted), {cpu:.2f} times its CPU (1.3 allowed); "
          f"{gain:.2f} times libmariadb's statements/s (1.4 wanted)")
    return 0 if speed >= 0.9 and cpu <= 1.3 and gain >= 1.4 else 1


sys.exit(main())
