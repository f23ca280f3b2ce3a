import closeWithGrace from 'close-with-grace'
import { build } from './app.js'
import { Store } from './store.js'

const { KAFKA_BROKERS, PORT = '3000', ADMIN_TOKEN = 'admin', VIEWER_TOKEN = 'viewer' } = process.env

const app = await build({ logger: true }, {
  groupId: 'operated', ...(KAFKA_BROKERS && { brokers: KAFKA_BROKERS.split(',') })
}, new Store(), { admin: ADMIN_TOKEN, viewer: VIEWER_TOKEN })

closeWithGrace({ logger: app.log }, async ({ err }) => {
  if (err) app.log.error({ err }, 'closing after an error')
  await app.close()
})

await app.listen({ port: Number(PORT) })
const address = `http://localhost:${PORT}`
console.log([
  '',
  `an order that fails:   curl -H 'content-type: application/json' -d '{"id":"1","total":2000}' ${address}/orders`,
  `see its dead letter:   curl -u viewer:${VIEWER_TOKEN} ${address}/ops/dead-letters`,
  `mend it on the page:   ${address}/asyncapi (admin, ${ADMIN_TOKEN})`,
  ''
].join('\n'))
