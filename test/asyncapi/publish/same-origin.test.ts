import t from 'tap'
import { isSameOrigin } from '../../../lib/asyncapi/publish/same-origin.js'
import { build, order } from '../../support/publish-app.js'

t.test('a page of another site cannot make a browser publish', async (t) => {
  const { broker, publish, audit } = await build(t)
  const foreign = [
    { 'sec-fetch-site': 'cross-site' },
    { 'sec-fetch-site': 'same-site', origin: 'http://localhost:80' },
    { 'sec-fetch-site': 'none' },
    { origin: 'http://evil.example' },
    { origin: 'null' }
  ]
  for (const headers of foreign) {
    t.match((await publish('sendOrders', { value: order }, headers as Record<string, string>)).json(), {
      statusCode: 403, code: 'FASTSTREAM_ERR_PUBLISH_FORBIDDEN', message: /comes from another site/
    })
  }
  t.match(await publish('sendOrders', '{', { origin: 'null' }), { statusCode: 403 }, 'its body is not even read')
  t.equal(audit().length, foreign.length + 1)
  t.same(broker.published('orders'), [])
  for (const headers of [{ 'sec-fetch-site': 'same-origin', origin: 'null' }, { origin: 'http://localhost:80' }, {}]) {
    t.equal((await publish('sendOrders', { value: order }, headers as Record<string, string>)).statusCode, 200)
  }
})

t.test('behind a proxy the host is its word, where it is trusted', async (t) => {
  const headers = { origin: 'https://shop.example', 'x-forwarded-host': 'shop.example' }
  for (const [trustProxy, statusCode] of [[false, 403], [true, 200]] as const) {
    const { publish } = await build(t, { server: { trustProxy } })
    t.equal((await publish('sendOrders', { value: order }, headers)).statusCode, statusCode)
  }
})

t.test('hosts are one that URLs take for one', async (t) => {
  const cases: Array<[string, string, boolean]> = [
    ['http://shop.example', 'shop.example', true],
    ['https://shop.example', 'SHOP.example:443', true],
    ['http://shop.example:3000', 'shop.example:3000', true],
    ['http://[::1]:3000', '[::1]:3000', true],
    ['http://shop.example:3000', 'shop.example', false],
    ['http://shop.example.evil.example', 'shop.example', false],
    ['http://shop.example', '', false],
    ['http://shop.example', 'a b', false]
  ]
  for (const [origin, host, expected] of cases) {
    t.equal(isSameOrigin({ headers: { origin }, host }), expected, `${origin} at ${host}`)
  }
})
