// The database by mysql2. Its connection has one statement under way; those asked for meanwhile wait in line.
'use strict'

const mysql = require('mysql2/promise')

module.exports = function open (options) {
  const { size, ...rest } = options
  const pool = mysql.createPool({ ...rest, connectionLimit: size, maxIdle: size, rowsAsArray: true, charset: 'UTF8MB4_BIN' })

  return {
    ready: async () => {},
    rows: async (text, values) => (await pool.execute(text, values))[0],
    run: (text) => pool.query(text),
    // The same statement once for each of the ids, on one connection.
    async each (text, ids) {
      const connection = await pool.getConnection()
      try {
        return (await Promise.all(ids.map((id) => connection.execute(text, [id])))).map((answer) => answer[0])
      } finally {
        connection.release()
      }
    },
    close: () => pool.end()
  }
}
