import closeWithGrace from 'close-with-grace'
import { build } from './app.js'
import { buildRegistry } from './fake-registry.js'

const { KAFKA_BROKERS, REGISTRY_URL, PORT = '3000' } = process.env

const registry = buildRegistry()
const app = await build({ logger: true }, {
  groupId: 'registry', ...(KAFKA_BROKERS && { brokers: KAFKA_BROKERS.split(',') })
}, REGISTRY_URL ?? await registry.listen({ port: 0 }))

closeWithGrace({ logger: app.log }, async ({ err }) => {
  if (err) app.log.error({ err }, 'closing after an error')
  await app.close()
  await registry.close()
})

await app.listen({ port: Number(PORT) })
console.log(
  `\nplace an order:  curl -H 'content-type: application/json' -d '{"id":"1","total":9}' http://localhost:${PORT}/orders\n`
)
