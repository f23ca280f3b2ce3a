import t from 'tap'
import { normaliseOptions } from '../../lib/options/plugin-options.js'
import { Sealed } from '../../lib/sealed.js'

const brokers = 'localhost:9093'
const token = async (): Promise<{ value: string }> => ({ value: 'token' })

function saslOf (sasl: unknown): unknown {
  return Sealed.open(normaliseOptions({ brokers, sasl: sasl as never }, 10_000).security).sasl
}

t.test('each mechanism is taken, in any case, with what it needs', async (t) => {
  const each = [
    { mechanism: 'plain', username: 'u', password: 'p' },
    { mechanism: 'SCRAM-SHA-256', username: 'u', password: 'p' },
    { mechanism: 'scram-sha-512', username: 'u', password: 'p' },
    { mechanism: 'aws', authorizationIdentity: 'i', accessKeyId: 'a', secretAccessKey: 's', sessionToken: 't' },
    { mechanism: 'aws', authorizationIdentity: 'i', accessKeyId: 'a', secretAccessKey: 's' },
    { mechanism: 'oauthbearer', oauthBearerProvider: token },
    { mechanism: 'SCRAM-SHA-512', credentials: () => ({ username: 'u', password: 'p' }) },
    { mechanism: 'plain', credentials: async () => ({ username: 'u', password: 'p' }), username: undefined },
    { mechanism: 'aws', credentials: async () => ({}) }
  ]
  for (const sasl of each) t.same(saslOf(sasl), sasl)
})

t.test('what kafkajs writes into its options does not reach those of the app', async (t) => {
  const sasl = Object.freeze({ mechanism: 'plain', username: 'u', password: 'p' })
  const copy = saslOf(sasl) as object
  Object.assign(copy, { authenticationProvider: () => {} })
  t.notOk('authenticationProvider' in sasl)
  t.same(saslOf(sasl), sasl, 'and it can be given to a second broker')
})

t.test('a mistake is told when the plugin is registered, and no credential is repeated', async (t) => {
  const secret = 'hunter2'
  const wrong: ReadonlyArray<[sasl: unknown, message: RegExp]> = [
    [
      { mechanism: 'gssapi', username: 'u', password: secret },
      /'sasl.mechanism' must be one of 'plain', 'scram-sha-256', 'scram-sha-512', 'aws', 'oauthbearer'/
    ],
    [{ mechanism: 'scram', username: 'u', password: secret }, /'sasl.mechanism' must be one of/],
    [{ mechanism: 'plain', username: secret }, /'sasl.password' must be a string that is not empty/],
    [{ mechanism: 'plain', username: secret, password: '' }, /'sasl.password' must be a string/],
    [{ mechanism: 'plain', username: secret, password: undefined }, /'sasl.password' must be a string/],
    [{ mechanism: 'scram-sha-512', password: secret }, /'sasl.username' must be a string/],
    [
      { mechanism: 'plain', user: 'u', username: 'u', password: secret },
      /'sasl.user' is not known: there are mechanism, username, password/
    ],
    [{ mechanism: 'aws', authorizationIdentity: 'i', accessKeyId: secret }, /'sasl.secretAccessKey' must be a string/],
    [{ mechanism: 'oauthbearer' }, /'sasl.oauthBearerProvider' must be a function that returns the token/],
    [{ mechanism: 'oauthbearer', oauthBearerProvider: secret }, /'sasl.oauthBearerProvider' must be a function/],
    [
      { mechanism: 'oauthbearer', oauthBearerProvider: token, credentials: token },
      /'sasl.credentials' is not known: there are mechanism, oauthBearerProvider/
    ],
    [
      { mechanism: 'plain', credentials: token, password: secret },
      /'sasl.password' is not known: there are mechanism, credentials/
    ],
    [
      { mechanism: 'plain', credentials: { username: 'u', password: secret } },
      /'sasl.credentials' must be a function that returns \{ username, password \}/
    ],
    [
      { mechanism: 'aws', credentials: secret },
      /must be a function that returns \{ authorizationIdentity, accessKeyId, secretAccessKey \}/
    ],
    [{ mechanism: 'plain', credentials: function * () {} }, /'sasl.credentials' must not be a generator function/]
  ]
  for (const [sasl, message] of wrong) {
    const error = t.throws(() => saslOf(sasl), { code: 'FASTSTREAM_ERR_INVALID_OPTION', message })
    t.notMatch(String(error), secret)
  }
})
