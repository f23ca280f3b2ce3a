import closeWithGrace from 'close-with-grace'
import { build } from './app.js'

const { KAFKA_BROKERS, PORT = '3000' } = process.env

const app = await build({ logger: true }, {
  groupId: 'prices', clientId: 'prices', ...(KAFKA_BROKERS && { brokers: KAFKA_BROKERS.split(',') })
})

closeWithGrace({ logger: app.log }, async ({ err }) => {
  if (err) app.log.error({ err }, 'closing after an error')
  await app.close()
})

await app.listen({ port: Number(PORT) })
console.log(`
ask for a price:  curl http://localhost:${PORT}/prices/tea
where is none:    curl http://localhost:${PORT}/prices/none
`)
