import { ConsoleSpanExporter } from '@opentelemetry/sdk-trace-node'
import closeWithGrace from 'close-with-grace'
import { build } from './app.js'
import { startTracing } from './tracing.js'

const { KAFKA_BROKERS, PORT = '3000', OPS_TOKEN = 'ops' } = process.env

const tracing = startTracing(new ConsoleSpanExporter())
const app = await build({ logger: true }, {
  groupId: 'observed', ...(KAFKA_BROKERS && { brokers: KAFKA_BROKERS.split(',') })
}, OPS_TOKEN)

closeWithGrace({ logger: app.log }, async ({ err }) => {
  if (err) app.log.error({ err }, 'closing after an error')
  await app.close()
  await tracing.shutdown()
})

await app.listen({ port: Number(PORT) })
const address = `http://localhost:${PORT}`
console.log([
  '',
  `place an order:   curl -H 'content-type: application/json' -d '{"id":"1","total":9}' ${address}/orders`,
  `see the metrics:  curl ${address}/metrics`,
  `see its health:   curl -H 'authorization: Bearer ${OPS_TOKEN}' ${address}/health`,
  ''
].join('\n'))
