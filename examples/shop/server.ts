import closeWithGrace from 'close-with-grace'
import pg from 'pg'
import { build } from './app.js'
import { tables } from './orders.js'

const { DATABASE_URL, KAFKA_BROKERS, PORT = '3000' } = process.env

const pool = new pg.Pool({ connectionString: DATABASE_URL })
await pool.query(tables)
const app = await build(
  { logger: true }, { groupId: 'shop', ...(KAFKA_BROKERS && { brokers: KAFKA_BROKERS.split(',') }) }, pool
)

closeWithGrace({ logger: app.log }, async ({ err }) => {
  if (err) app.log.error({ err }, 'closing after an error')
  await app.close()
})

await app.listen({ port: Number(PORT) })
console.log(
  `\nplace an order:  curl -H 'content-type: application/json' -d '{"id":"1","total":9}' http://localhost:${PORT}/orders\n`
)
