import { AsyncLocalStorage } from 'node:async_hooks'
import t from 'tap'
import { createKafkajsTransport } from '../../../lib/transport/kafkajs/index.js'
import { createKafkajsWire } from '../../../lib/transport/kafkajs/wire.js'
import type { TransportOptions } from '../../../lib/transport/transport.js'
import { rejects, SILENT } from '../../support/kafka-client.js'
import { AUTHENTICATE, authenticated, HANDSHAKE, handshake, saslNode } from '../../support/sasl-node.js'

const open = new AbortController().signal
const SECRET = 'correct horse'

type Sasl = NonNullable<TransportOptions['sasl']>

function wire (sasl: Sasl) {
  return createKafkajsWire({ clientId: 'test', log: SILENT, sasl })
}

/** What PLAIN and AWS send: texts with a zero byte between them, behind the header of the request and a length. */
function textsOf (request: Buffer): readonly string[] {
  const client = request.readInt16BE(8)
  return request.subarray(10 + client + 4).toString().split('\0')
}

async function plainNode (t: Parameters<typeof saslNode>[0], lifetime?: number) {
  const sent: Array<readonly string[]> = []
  const address = await saslNode(t, {
    [HANDSHAKE]: () => handshake(0, 'PLAIN', 'AWS', 'OAUTHBEARER'),
    [AUTHENTICATE]: (request) => {
      sent.push(textsOf(request))
      return authenticated(lifetime)
    }
  }, lifetime === undefined ? 0 : 1)
  return { address, sent }
}

t.test('the function is called for each connection, and what it returns now is sent', async (t) => {
  const { address, sent } = await plainNode(t)
  let calls = 0
  const to = wire({ mechanism: 'plain', credentials: () => ({ username: `user-${++calls}`, password: SECRET }) })
  t.equal(to.principal, undefined, 'no name is known yet')
  const connections = [await to.connect(address, open), await to.connect(address, open)]
  t.same(sent, [['', 'user-1', SECRET], ['', 'user-2', SECRET]])
  t.equal(to.principal, 'User:user-2')
  for (const connection of connections) connection.close()
})

t.test('credentials that do not change need no function', async (t) => {
  const { address, sent } = await plainNode(t)
  const sasl = Object.freeze({ mechanism: 'plain', username: 'shop', password: SECRET } as const)
  const to = wire(sasl)
  t.equal(to.principal, 'User:shop')
  for (const connection of [await to.connect(address, open), await to.connect(address, open)]) connection.close()
  t.same(sent, [['', 'shop', SECRET], ['', 'shop', SECRET]])
})

t.test('the keys of AWS come from a function, too, and nothing beside them is used', async (t) => {
  const { address, sent } = await plainNode(t)
  const keys = { authorizationIdentity: 'id', accessKeyId: 'key', secretAccessKey: SECRET, sessionToken: 'session' }
  const authenticationProvider = (): never => { throw new Error('not ours') }
  const to = wire({ mechanism: 'aws', credentials: async () => ({ ...keys, authenticationProvider }) })
  ;(await to.connect(address, open)).close()
  t.same(sent, [['id', 'key', SECRET, 'session']])
  t.equal(to.principal, undefined)
})

t.test('a token is asked for once per connection', async (t) => {
  const { address, sent } = await plainNode(t)
  let calls = 0
  const to = wire({ mechanism: 'oauthbearer', oauthBearerProvider: () => ({ value: `token-${++calls}` }) })
  ;(await to.connect(address, open)).close()
  t.match(sent[0]?.[0], 'auth=Bearer token-1')
  t.equal(calls, 1)
})

t.test('a function that fails is tried again, and named', async (t) => {
  const { address } = await plainNode(t)
  const failing: Sasl[] = [
    { mechanism: 'plain', credentials: async () => { throw new Error('no vault') } },
    // eslint-disable-next-line no-throw-literal
    { mechanism: 'plain', credentials: () => { throw 'no vault' } }
  ]
  for (const sasl of failing) {
    await rejects(t, wire(sasl).connect(address, open), {
      reason: 'connection', option: 'sasl', message: "the function 'sasl.credentials' failed: no vault"
    })
  }
})

t.test('a function that returns something else is told at once, without what it returned', async (t) => {
  const { address, sent } = await plainNode(t)
  const wrong: unknown[] = [undefined, null, SECRET, { username: SECRET }, { username: 'a', password: '' }]
  for (const given of wrong) {
    const error = await wire({ mechanism: 'plain', credentials: async () => given as never }).connect(address, open)
      .then(() => undefined, (error: Error) => error)
    t.match(error, {
      reason: 'authentication',
      option: 'sasl',
      message: "the function 'sasl.credentials' must return { username, password }, with texts that are not empty"
    })
    t.notMatch(error?.message, SECRET)
  }
  const none = wire({ mechanism: 'oauthbearer', oauthBearerProvider: () => ({}) as never })
  await rejects(t, none.connect(address, open), {
    reason: 'authentication', message: /'sasl\.oauthBearerProvider' must return \{ value \}/
  })
  t.same(sent, [])
})

t.test('a function that does not answer is bounded by the time for a connection', async (t) => {
  const { address } = await plainNode(t)
  const abort = new AbortController()
  const to = wire({
    mechanism: 'plain',
    credentials: () => {
      setImmediate(() => { abort.abort(new Error('too late')) })
      return new Promise(() => {})
    }
  })
  await rejects(t, to.connect(address, abort.signal), {
    reason: 'connection', option: 'sasl', message: "the function 'sasl.credentials' did not answer in time"
  })

  const transport = createKafkajsTransport({
    brokers: [address],
    clientId: 'test',
    connectTimeout: 300,
    log: SILENT,
    sasl: { mechanism: 'plain', credentials: () => new Promise(() => {}) }
  })
  t.teardown(() => transport.close())
  await rejects(t, transport.connect(), {
    code: 'FASTSTREAM_ERR_SASL', message: /'sasl\.credentials' did not answer in time\. Check the option 'sasl'/
  })
})

t.test('the function does not see the async context of what opens the connection', async (t) => {
  const { address } = await plainNode(t)
  const storage = new AsyncLocalStorage<string>()
  let seen: string | undefined = 'nothing'
  const to = wire({
    mechanism: 'plain',
    credentials: () => {
      seen = storage.getStore()
      return { username: 'shop', password: SECRET }
    }
  })
  ;(await storage.run('a request', () => to.connect(address, open))).close()
  t.equal(seen, undefined)
})

t.test('the lifetime of a session is told, and kafkajs does not authenticate again by itself', async (t) => {
  const { address, sent } = await plainNode(t, 1000)
  const sasl: Sasl = { mechanism: 'plain', username: 'shop', password: SECRET }
  const connection = await wire(sasl).connect(address, open)
  t.equal(connection.sessionLifetime, 1000)
  // Nothing answers it; kafkajs would authenticate first, because less than 10 s are left.
  connection.send('Metadata', { topics: [] }).catch(() => {})
  const endless = await wire(sasl).connect((await plainNode(t, 0)).address, open)
  t.equal(endless.sessionLifetime, undefined)
  const old = await wire(sasl).connect((await plainNode(t)).address, open)
  t.equal(old.sessionLifetime, undefined)
  t.equal(sent.length, 1)
  for (const each of [connection, endless, old]) each.close()
})

t.test('a token that is refused in the exchange is told with its status, and nothing else of it', async (t) => {
  const said = [
    [`{"status":"invalid_token","scope":"${SECRET}"}`, /^the broker refuses the token: invalid_token$/],
    [SECRET, /^the broker refuses the token: it does not say why$/]
  ] as const
  for (const [json, message] of said) {
    const address = await saslNode(t, {
      [HANDSHAKE]: () => handshake(0, 'OAUTHBEARER'), [AUTHENTICATE]: () => authenticated(0, Buffer.from(json))
    }, 1)
    const to = wire({ mechanism: 'oauthbearer', oauthBearerProvider: async () => ({ value: 'old' }) })
    await rejects(t, to.connect(address, open), { reason: 'authentication', option: 'sasl', message })
  }
})
