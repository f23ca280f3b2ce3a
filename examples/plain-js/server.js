// @ts-check
import closeWithGrace from 'close-with-grace'
import { build } from './app.js'

const { KAFKA_BROKERS, PORT = '3000' } = process.env

const app = await build({ logger: true }, {
  groupId: 'plain-js', ...(KAFKA_BROKERS && { brokers: KAFKA_BROKERS.split(',') })
})

closeWithGrace({ logger: app.log }, async ({ err }) => {
  if (err) app.log.error({ err }, 'closing after an error')
  await app.close()
})

await app.listen({ port: Number(PORT) })
