"""The peers: how each is started. README.md says why so; `install` in this folder gets what they need."""

import json
import pathlib
import shutil

from runner import versions
from support import paths

HERE = pathlib.Path(__file__).resolve().parent
MADE = paths.BUILD / "peers"
PYTHON = "/usr/bin/python3"
MODULES = MADE / "fastify" / "node_modules"

# What the programs say of themselves: the first group is the version.
NGINX, GO, NODE, PYTHON_VERSION = r"nginx/(\S+)", r": go(\S+)", r"^v(\S+)", r"^Python (\S+)"

# Connections to the database: see README.md.
POOLS = {"quart-hypercorn": 16, "quart-uvicorn": 16, "go": 32, "fastify-mariadb": 4, "fastify-mysql2": 32}


def packages(*names):
    """Debian's Python packages, as files that are there when they are."""
    return [f"/usr/lib/python3/dist-packages/{name}/__init__.py" for name in names]


def node():
    """Node.js: the one from its package, which is newer than most that are installed."""
    found = sorted(MODULES.glob("node-linux-*/bin/node"))
    return str(found[0]) if found else str(MODULES / "node")


def nginx_command(port):
    logs = paths.BUILD / "bench"
    text = (HERE / "nginx" / "nginx.conf").read_text().replace("@PORT@", str(port)).replace("@LOGS@", str(logs))
    made = logs / f"nginx-{port}.conf"
    made.write_text(text)
    return [shutil.which("nginx", path="/usr/sbin:/usr/bin"), "-c", made, "-e", logs / "nginx.log"]


def candidates(Candidate):
    """One of that class for each peer."""
    def environment(name):
        return lambda db: {"NODE_ENV": "production", "NODE_PATH": str(MODULES), "GOMAXPROCS": "1",
                           **({"TFB_DB_HOST": db.host, "TFB_DB_PORT": str(db.port), "TFB_DB_USER": db.user,
                               "TFB_DB_PASSWORD": db.password, "TFB_DB_NAME": db.name, "TFB_DB_POOL": str(POOLS[name])} if db else {})}

    def make(name, needs, command):
        return Candidate(name, needs, command, environment(name))

    quart = [*packages("quart", "aiomysql", "uvloop", "jinja2", "cachetools"), *map(str, HERE.glob("quart/app.py"))]
    fastify = [node(), MODULES / "fastify", MODULES / "mariadb", MODULES / "mysql2"]
    return [
        Candidate("nginx", ["/usr/sbin/nginx"], nginx_command, lambda db: {}, {"/plaintext", "/json"}),
        make("quart-hypercorn", [*quart, *packages("hypercorn")],
             lambda port: [PYTHON, "-m", "hypercorn", "--workers", 1, "--worker-class", "uvloop", "--backlog", 4096, "--keep-alive", 75,
                           "--log-level", "warning", "--bind", f"127.0.0.1:{port}", f"{HERE}/quart/app.py:app"]),
        make("quart-uvicorn", [*quart, *packages("uvicorn", "httptools")],
             lambda port: [PYTHON, "-m", "uvicorn", "--loop", "uvloop", "--http", "httptools", "--backlog", 4096,
                           "--timeout-keep-alive", 75, "--no-access-log", "--log-level", "warning", "--host", "127.0.0.1", "--port", port,
                           "--app-dir", HERE / "quart", "app:app"]),
        make("go", [MADE / "go"], lambda port: [MADE / "go", "--bind", f"127.0.0.1:{port}"]),
        *[make(f"fastify-{client}", fastify, lambda port, client=client: [node(), HERE / "fastify" / "server.js", port, client])
          for client in ("mariadb", "mysql2")],
    ]


def node_package(name):
    """The version that one of the packages has which are installed below build/peers."""
    try:
        return json.loads((MODULES / name / "package.json").read_text())["version"]
    except OSError:
        return None


def measured(names):
    """{what: version} of what the peers of these names are made of."""
    nginx, go = shutil.which("nginx", path="/usr/sbin:/usr/bin") or "nginx", MADE / "go"
    python = {"Python": lambda: versions.first(PYTHON_VERSION, versions.output(PYTHON, "--version"))}
    node_js = {"Node.js": lambda: versions.first(NODE, versions.output(node(), "--version"))}
    asked = {
        "nginx": {"nginx": lambda: versions.first(NGINX, versions.output(nginx, "-v"))},
        "quart": {**python, **{name: lambda name=name: versions.package(f"python3-{name.lower()}")
                               for name in ("Quart", "aiomysql", "uvloop")}},
        "quart-hypercorn": {"Hypercorn": lambda: versions.package("python3-hypercorn")},
        "quart-uvicorn": {"Uvicorn": lambda: versions.package("python3-uvicorn"),
                          "httptools": lambda: versions.package("python3-httptools")},
        "go": {"Go": lambda: versions.first(GO, versions.output("go", "version", go)),
               "go-sql-driver": lambda: versions.package("golang-github-go-sql-driver-mysql-dev")},
        "fastify": {**node_js, "Fastify": lambda: node_package("fastify")},
        "fastify-mariadb": {"mariadb (Node.js)": lambda: node_package("mariadb")},
        "fastify-mysql2": {"mysql2": lambda: node_package("mysql2")},
    }
    return {what: ask() for part, programs in asked.items() if any(name == part or name.startswith(f"{part}-") for name in names)
            for what, ask in programs.items()}
