// The database by MariaDB's client. It sends the statements of one connection without waiting for the answers in between.
'use strict'

const mariadb = require('mariadb')

module.exports = function open (options) {
  const { size, ...rest } = options
  const pool = mariadb.createPool({
    ...rest, connectionLimit: size, minimumIdle: size, rowsAsArray: true, pipelining: true, permitLocalInfile: false,
    collation: 'UTF8MB4_BIN', prepareCacheLength: 256
  })

  return {
    rows: (text, values) => pool.execute(text, values),
    run: (text) => pool.query(text),
    // The same statement once for each of the ids, on one connection.
    async each (text, ids) {
      const connection = await pool.getConnection()
      try {
        return await Promise.all(ids.map((id) => connection.execute(text, [id])))
      } finally {
        connection.release()
      }
    },
    close: () => pool.end()
  }
}
