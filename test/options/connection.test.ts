import t from 'tap'
import { acceptsAnyCertificate, checkBrokers, checkSasl, checkSsl } from '../../lib/options/connection.js'

const refused = (option: string) => ({ code: 'FASTSTREAM_ERR_INVALID_OPTION', message: new RegExp(`'${option}'`) })

t.test('addresses are hosts with ports, in a list or in one text', async (t) => {
  t.strictSame(checkBrokers('brokers', ' a:1 , b.c-d:65535'), ['a:1', 'b.c-d:65535'])
  t.strictSame(checkBrokers('brokers', ['a:1,b:2', 'c:3']), ['a:1', 'b:2', 'c:3'])
  for (const address of ['localhost:9092', '10.0.0.1:1', '[::1]:9092', '[FE80::1.2.3.4]:1', 'KAFKA_1:9092']) {
    t.strictSame(checkBrokers('brokers', address), [address])
  }
  for (const wrong of [
    [], '', 'a', 'a:', ':1', 'a:x', 'a:1x', 'xa:1 2', 'a b:1', 'a:0', 'a:65536', 'a:123456', '::1:9092', '[::1]',
    '[x]:1',
    '[]:1', 'a/b:1', 'a:1:2', 'a:1,,b:2', [1], [['a:1']], ['a:1', 1], 'x[::1]:1', '[::1]x:1'
  ]) {
    t.throws(() => checkBrokers('brokers', wrong as never), refused('brokers'), JSON.stringify(wrong))
  }
  for (const address of ['ssl://a:1', 'kafka+ssl://a:1']) {
    t.throws(() => checkBrokers('brokers', address), { message: /without a protocol: TLS is the option 'ssl'/ })
  }
  t.throws(() => checkBrokers('brokers', 'me:secret@a:1'), { message: /must hold no credentials/ })
})

t.test('TLS is yes, no or options', async (t) => {
  const options = { rejectUnauthorized: true }
  for (const ssl of [true, false, options, {}]) t.equal(checkSsl('ssl', ssl), ssl)
  for (const ssl of [null, 'yes', 1, []]) t.throws(() => checkSsl('ssl', ssl), refused('ssl'))
  t.equal(acceptsAnyCertificate({ rejectUnauthorized: false }), true)
  for (const ssl of [true, false, undefined, {}, options]) t.equal(acceptsAnyCertificate(ssl), false)
})

t.test('credentials are copied, and members that are undefined are as if absent', async (t) => {
  const sasl = { mechanism: 'PLAIN', username: 'a', password: 'b', token: undefined }
  const copy = checkSasl('sasl', sasl)
  t.strictSame(copy, sasl)
  t.not(copy, sasl)
  const credentials = () => ({ username: 'a', password: 'b' })
  t.equal(checkSasl('sasl', { mechanism: 'scram-sha-256', credentials }).credentials, credentials)
  const oauth = { mechanism: 'oauthbearer', oauthBearerProvider: () => ({ value: 'a' }) }
  t.strictSame(checkSasl('sasl', oauth), oauth)
  for (const [wrong, option] of [
    [{ mechanism: 'gssapi' }, 'sasl.mechanism'],
    [{ mechanism: '' }, 'sasl.mechanism'],
    [{ mechanism: 'plain', username: 'a' }, 'sasl.password'],
    [{ mechanism: 'plain', username: '', password: 'b' }, 'sasl.username'],
    [{ ...sasl, token: 'c' }, 'sasl.token'],
    [{ mechanism: 'plain', credentials, username: 'a' }, 'sasl.username'],
    [{ mechanism: 'plain', credentials: 1 }, 'sasl.credentials'],
    [{ mechanism: 'oauthbearer' }, 'sasl.oauthBearerProvider'],
    [{ ...oauth, username: 'a' }, 'sasl.username']
  ] as const) {
    t.throws(() => checkSasl('sasl', wrong as never), refused(option), JSON.stringify(wrong))
  }
})
