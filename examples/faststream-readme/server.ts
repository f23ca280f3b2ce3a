import closeWithGrace from 'close-with-grace'
import { build } from './app.js'

const { KAFKA_BROKERS, PORT = '3000' } = process.env

// FastStream: faststream run basic:app
const app = await build({ logger: true }, {
  groupId: 'faststream-readme', ...(KAFKA_BROKERS && { brokers: KAFKA_BROKERS.split(',') })
})

closeWithGrace({ logger: app.log }, async ({ err }) => {
  if (err) app.log.error({ err }, 'closing after an error')
  await app.close()
})

await app.listen({ port: Number(PORT) })
console.log(
  `\nsend data:       curl -H 'content-type: application/json' -d '{"data":0.2}' http://localhost:${PORT}/data\nsee the topics:  http://localhost:${PORT}/asyncapi\n`
)
