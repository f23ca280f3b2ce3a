import closeWithGrace from 'close-with-grace'
import type { FaststreamOptions } from 'fastify-faststream'
import { build } from './app.js'

const { BILLING_BROKERS, KAFKA_BROKERS, PORT = '3000' } = process.env

/** In memory, or the cluster at these addresses. */
function at (brokers: string | undefined): FaststreamOptions {
  return {
    clusters: { memory: { transport: 'memory' }, kafka: { brokers: brokers ?? 'localhost:9092' } },
    cluster: brokers === undefined ? 'memory' : 'kafka'
  }
}

const app = await build({ logger: true }, at(KAFKA_BROKERS), at(BILLING_BROKERS ?? KAFKA_BROKERS))

closeWithGrace({ logger: app.log }, async ({ err }) => {
  if (err) app.log.error({ err }, 'closing after an error')
  await app.close()
})

await app.listen({ port: Number(PORT) })
console.log(
  `\nplace an order:  curl -H 'content-type: application/json' -d '{"id":"1","total":9}' http://localhost:${PORT}/orders\nsee the topics:  http://localhost:${PORT}/asyncapi\n`
)
