import closeWithGrace from 'close-with-grace'
import { build } from './app.js'

const { KAFKA_BROKERS, PORT = '3000' } = process.env
const app = await build({ logger: true }, KAFKA_BROKERS === undefined ? {} : { brokers: KAFKA_BROKERS.split(',') })

closeWithGrace({ logger: app.log }, async ({ err }) => {
  if (err) app.log.error({ err }, 'closing after an error')
  await app.close()
})

await app.listen({ port: Number(PORT) })
const reading = '[{"sensor":"a","at":"2026-01-01T00:00:00Z","celsius":21.5}]'
console.log(
  `\nsend readings:  curl -H 'content-type: application/json' -d '${reading}' http://localhost:${PORT}/readings\n` +
  `see the topics: http://localhost:${PORT}/asyncapi\n`
)
