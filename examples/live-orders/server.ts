import closeWithGrace from 'close-with-grace'
import { build } from './app.js'

const { KAFKA_BROKERS, PORT = '3000' } = process.env

const app = await build({ logger: true }, {
  groupId: 'shop', ...(KAFKA_BROKERS && { brokers: KAFKA_BROKERS.split(',') })
})

closeWithGrace({ logger: app.log }, async ({ err }) => {
  if (err) app.log.error({ err }, 'closing after an error')
  await app.close()
})

await app.listen({ port: Number(PORT) })
console.log(
  `\nsee the orders:  curl -N http://localhost:${PORT}/orders/live\nplace an order:  curl -H 'content-type: application/json' -d '{"id":"1","total":9}' http://localhost:${PORT}/orders\n`
)
