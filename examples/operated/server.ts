import closeWithGrace from 'close-with-grace'
import { build } from './app.js'

const { PORT = '3000', ADMIN_TOKEN = 'admin', VIEWER_TOKEN = 'viewer' } = process.env

const tokens = { admin: ADMIN_TOKEN, viewer: VIEWER_TOKEN }
const app = await build({ logger: true }, undefined, undefined, tokens)

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
