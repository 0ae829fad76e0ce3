"""The benchmark on Quart and aiomysql, under Hypercorn or Uvicorn: see ../README.md."""

import operator
import os
import random

import aiomysql
import cachetools
import jinja2
import ujson
from quart import Quart, Response, request
from quart.json.provider import JSONProvider

WORLDS = 10_000
ADDED_FORTUNE = (0, "Additional fortune added at request time.")
ONE_ROW = "SELECT id, randomNumber FROM World WHERE id = %s"
PAGE = jinja2.Environment(autoescape=True).from_string(
    "<!DOCTYPE html><html><head><title>Fortunes</title></head><body><table>"
    "<tr><th>id</th><th>message</th></tr>"
    "{% for id, message in fortunes %}<tr><td>{{ id }}</td><td>{{ message }}</td></tr>{% endfor %}"
    "</table></body></html>")


class UltraJSON(JSONProvider):
    """The standard library's is slower."""

    def dumps(self, object_, **kwargs):
        return ujson.dumps(object_)

    def loads(self, object_, **kwargs):
        return ujson.loads(object_)

    def response(self, *args, **kwargs):
        return Response(ujson.dumps(self._prepare_response_obj(args, kwargs)), mimetype="application/json")


app = Quart(__name__)
app.json = UltraJSON(app)
pool = None
cache = cachetools.TTLCache(WORLDS, ttl=3600)


@app.before_serving
async def open_pool():
    global pool
    if "TFB_DB_HOST" in os.environ:
        size = int(os.environ["TFB_DB_POOL"])
        pool = await aiomysql.create_pool(
            host=os.environ["TFB_DB_HOST"], port=int(os.environ["TFB_DB_PORT"]), user=os.environ["TFB_DB_USER"],
            password=os.environ["TFB_DB_PASSWORD"], db=os.environ["TFB_DB_NAME"], charset="utf8mb4",
            autocommit=True, minsize=size, maxsize=size)


@app.after_serving
async def close_pool():
    if pool:
        pool.terminate()
        await pool.wait_closed()


def count(name):
    try:
        return min(max(int(request.args[name]), 1), 500)
    except (KeyError, ValueError):
        return 1


def world(row):
    return {"id": row[0], "randomNumber": row[1]}


@app.get("/plaintext")
async def plaintext():
    return Response(b"Hello, World!", content_type="text/plain")


@app.get("/json")
async def json():
    return {"message": "Hello, World!"}


@app.get("/db")
async def db():
    async with pool.acquire() as connection, connection.cursor() as cursor:
        await cursor.execute(ONE_ROW, (random.randint(1, WORLDS),))
        return world(await cursor.fetchone())


async def find(cursor, ids):
    rows = []
    for id in ids:
        await cursor.execute(ONE_ROW, (id,))
        rows.append(await cursor.fetchone())
    return rows


@app.get("/queries")
async def queries():
    ids = random.choices(range(1, WORLDS + 1), k=count("queries"))
    async with pool.acquire() as connection, connection.cursor() as cursor:
        return app.json.response([world(row) for row in await find(cursor, ids)])


@app.get("/updates")
async def updates():
    ids = sorted(random.sample(range(1, WORLDS + 1), count("queries")))
    async with pool.acquire() as connection, connection.cursor() as cursor:
        rows = [(id, random.randint(1, WORLDS)) for id, _ in await find(cursor, ids)]
        cases = " ".join("WHEN %d THEN %d" % row for row in rows)
        await cursor.execute("UPDATE World SET randomNumber = CASE id %s END WHERE id IN (%s)"
                             % (cases, ",".join(map(str, ids))))
    return app.json.response([world(row) for row in rows])


@app.get("/fortunes")
async def fortunes():
    async with pool.acquire() as connection, connection.cursor() as cursor:
        await cursor.execute("SELECT id, message FROM Fortune")
        rows = list(await cursor.fetchall())
    rows.append(ADDED_FORTUNE)
    rows.sort(key=operator.itemgetter(1))
    return Response(PAGE.render(fortunes=rows), content_type="text/html; charset=utf-8")


@app.get("/cached-queries")
async def cached_queries():
    ids = random.choices(range(1, WORLDS + 1), k=count("count"))
    found = {id: cache.get(id) for id in ids}
    missing = [id for id, number in found.items() if number is None]
    if missing:
        async with pool.acquire() as connection, connection.cursor() as cursor:
            for id, number in await find(cursor, missing):
                found[id] = cache[id] = number
    return app.json.response([{"id": id, "randomNumber": found[id]} for id in ids])
