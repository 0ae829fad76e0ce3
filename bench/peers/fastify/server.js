// The benchmark on Fastify: `node server.js PORT mariadb|mysql2`. See ../README.md.
'use strict'

const fastify = require('fastify')({ logger: false, keepAliveTimeout: 75000 })
const { LRUCache } = require('lru-cache')

const WORLDS = 10000
const ONE_ROW = 'SELECT id, randomNumber FROM World WHERE id = ?'
const ADDED_FORTUNE = [0, 'Additional fortune added at request time.']
const ENTITIES = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' }

// What Fastify makes a serializer from.
const helloSchema = { type: 'object', properties: { message: { type: 'string' } } }
const worldSchema = { type: 'object', properties: { id: { type: 'integer' }, randomNumber: { type: 'integer' } } }
const worldsSchema = { type: 'array', items: worldSchema }
const answers = (schema) => ({ schema: { response: { 200: schema } } })

const cache = new LRUCache({ max: WORLDS, ttl: 3600000 })

const randomId = () => 1 + Math.floor(Math.random() * WORLDS)
const randomIds = (count) => Array.from({ length: count }, randomId)
const world = (row) => ({ id: row[0], randomNumber: row[1] })
const escape = (text) => /[&<>"']/.test(text) ? text.replace(/[&<>"']/g, (c) => ENTITIES[c]) : text

function count (text) {
  const n = /^\s*[+-]?\d+\s*$/.test(text) ? parseInt(text, 10) : 1
  return Math.min(Math.max(n, 1), 500)
}

function distinctIds (count) {
  const ids = new Set()
  while (ids.size < count) ids.add(randomId())
  return Int32Array.from(ids).sort()
}

async function find (db, ids) {
  return (await db.each(ONE_ROW, ids)).map((rows) => world(rows[0]))
}

async function change (db, rows) {
  const cases = rows.map((row) => `WHEN ${row.id} THEN ${row.randomNumber}`).join(' ')
  const ids = rows.map((row) => row.id).join(',')
  await db.run(`UPDATE World SET randomNumber = CASE id ${cases} END WHERE id IN (${ids})`)
}

function page (fortunes) {
  const rows = fortunes.map(([id, message]) => `<tr><td>${id}</td><td>${escape(message)}</td></tr>`).join('')
  return '<!DOCTYPE html><html><head><title>Fortunes</title></head><body><table>' +
    `<tr><th>id</th><th>message</th></tr>${rows}</table></body></html>`
}

function addDatabase (db) {
  fastify.get('/db', answers(worldSchema), async () => world((await db.rows(ONE_ROW, [randomId()]))[0]))

  fastify.get('/queries', answers(worldsSchema), (request) => find(db, randomIds(count(request.query.queries))))

  fastify.get('/updates', answers(worldsSchema), async (request) => {
    const rows = await find(db, Array.from(distinctIds(count(request.query.queries))))
    for (const row of rows) row.randomNumber = randomId()
    await change(db, rows)
    return rows
  })

  fastify.get('/fortunes', async (request, reply) => {
    const fortunes = Array.from(await db.rows('SELECT id, message FROM Fortune'))
    fortunes.push(ADDED_FORTUNE)
    fortunes.sort((a, b) => (a[1] < b[1] ? -1 : 1))
    reply.type('text/html; charset=utf-8')
    return page(fortunes)
  })

  fastify.get('/cached-queries', answers(worldsSchema), async (request) => {
    const ids = randomIds(count(request.query.count))
    const missing = ids.filter((id) => !cache.has(id))
    if (missing.length) for (const row of await find(db, missing)) cache.set(row.id, row)
    return ids.map((id) => cache.get(id))
  })

  fastify.addHook('onReady', async () => { await db.ready() })
  fastify.addHook('onClose', () => db.close())
}

fastify.addHook('onRequest', (request, reply, done) => {
  reply.header('Server', 'fastify')
  done()
})
fastify.get('/plaintext', (request, reply) => {
  reply.type('text/plain').send('Hello, World!')
})
fastify.get('/json', answers(helloSchema), (request, reply) => {
  reply.send({ message: 'Hello, World!' })
})

const { env, argv } = process
if (env.TFB_DB_HOST) {
  addDatabase(require(`./${argv[3]}`)({
    host: env.TFB_DB_HOST, port: Number(env.TFB_DB_PORT), user: env.TFB_DB_USER, password: env.TFB_DB_PASSWORD,
    database: env.TFB_DB_NAME, size: Number(env.TFB_DB_POOL)
  }))
}
process.on('SIGTERM', () => fastify.close())
fastify.listen({ port: Number(argv[2]), host: '127.0.0.1', backlog: 4096 })
