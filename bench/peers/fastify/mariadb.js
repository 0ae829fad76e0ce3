// The database by MariaDB's client. It sends statements on one connection without waiting for the answers in between, so a few
// connections are shared by all requests. Its pool would lend each of them to one request at a time, at twice the CPU time.
'use strict'

const mariadb = require('mariadb')

const RETRY_MS = 500

module.exports = function open (options) {
  const { size, ...rest } = options
  const settings = {
    ...rest, rowsAsArray: true, pipelining: true, permitLocalInfile: false, collation: 'UTF8MB4_BIN', prepareCacheLength: 256
  }
  const connections = []
  let turn = 0
  let closing = false

  // One that is lost is replaced.
  async function connect () {
    try {
      const connection = await mariadb.createConnection(settings)
      connections.push(connection)
      connection.on('error', () => {})
      connection.once('end', () => {
        connections.splice(connections.indexOf(connection), 1)
        if (!closing) connect()
      })
    } catch (error) {
      if (!closing) setTimeout(connect, RETRY_MS)
    }
  }

  function next () {
    if (connections.length === 0) throw new Error('the database is not there')
    return connections[turn++ % connections.length]
  }

  return {
    ready: () => Promise.all(Array.from({ length: size }, connect)),
    rows: async (text, values) => next().execute(text, values),
    run: async (text) => next().query(text),
    // The same statement once for each of the ids.
    async each (text, ids) {
      const connection = next()
      return Promise.all(ids.map((id) => connection.execute(text, [id])))
    },
    async close () {
      closing = true
      await Promise.all(connections.map((connection) => connection.end()))
    }
  }
}
