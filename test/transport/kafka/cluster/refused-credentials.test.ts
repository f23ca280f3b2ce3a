import t, { type Test } from 'tap'
import { createKafkaTransport } from '../../../../lib/transport/kafka/index.js'
import { WireError } from '../../../../lib/transport/kafka/wire.js'
import { fakeWire, metadataOf } from '../../../support/fake-wire.js'
import { manualEnvironment, rejects, SILENT } from '../../../support/kafka-client.js'

/* Credentials that the cluster refuses while the app runs. */

const RECORD = { topic: 'orders', partition: 0, key: null, value: null, headers: [], timestamp: 0 }

async function build (t: Test, isIdentified: boolean) {
  const { clock, ...environment } = manualEnvironment()
  const wire = fakeWire({
    Metadata: metadataOf({ orders: 1 }),
    InitProducerId: () => ({ errorCode: 0, producerId: 1n, producerEpoch: 0 }),
    Produce: () => ({ topics: [{ topic: 'orders', partitions: [{ partition: 0, errorCode: 0, baseOffset: 7n }] }] })
  })
  const transport = createKafkaTransport(
    { brokers: ['a:1'], connectTimeout: 3000, log: SILENT, name: 'fake' }, wire, { clock, ...environment }
  )
  t.teardown(() => transport.close())
  const producer = transport.producer()
  const send = () => producer.send([RECORD], clock.elapsed() + 10_000)
  await transport.connect()
  if (isIdentified) await send()
  const refuse = (): void => {
    wire.connecting = async () => { throw new WireError('wrong password', 'authentication', undefined, 'sasl') }
    for (const connection of wire.open) connection.close()
  }
  return { clock, wire, send, refuse }
}

for (const isIdentified of [true, false]) {
  const which = isIdentified ? 'a producer' : 'a producer without an identity'

  t.test(`${which} sends as soon as the credentials are right again`, async (t) => {
    const { clock, wire, send, refuse } = await build(t, isIdentified)
    refuse()
    const sent = send()
    await clock.advance(5000)
    wire.connecting = async () => {}
    await clock.advance(1000)
    t.same(await sent, [7n])
  })

  t.test(`${which} gives up at its deadline: no message is at fault, so none is refused`, async (t) => {
    const { clock, send, refuse } = await build(t, isIdentified)
    refuse()
    const told = { name: 'WireError', message: 'wrong password', reason: 'connection', option: 'sasl' }
    const sent = rejects(t, send(), { reason: 'timeout', outcome: 'not-sent', cause: { cause: told } })
    await clock.advance(10_000)
    await sent
  })
}
