import t, { type Test } from 'tap'
import { createKafkaTransport } from '../../../../lib/transport/kafka/index.js'
import { type CreateTopicsRequest, type MetadataAnswer, WireError } from '../../../../lib/transport/kafka/wire.js'
import { fakeWire, type Handlers } from '../../../support/fake-wire.js'
import { manualEnvironment, rejects, SILENT } from '../../../support/kafka-client.js'
import { untilEnd } from '../../../support/manual-clock.js'

/* Requests to the cluster as a whole: to reach it, to describe topics and to create them. */

type Topic = MetadataAnswer['topics'][number]

const BROKERS = [{ nodeId: 1, host: 'a', port: 1 }, { nodeId: 2, host: 'b', port: 1 }]
const NO_TOKEN = new WireError('no token', 'authentication', undefined, 'sasl')

function topic (name: string, errorCode: number, ...leaders: number[]): Topic {
  const partitions = leaders.map((leader, partition) => ({ partition, errorCode: 0, leader }))
  return { topic: name, errorCode, partitions }
}

function build (t: Pick<Test, 'teardown'>, handlers: Handlers = {}) {
  const { clock, random } = manualEnvironment()
  const lines: unknown[] = []
  const world = {
    /** What the next metadata tell; the last ones count from then on. */
    answers: [] as Topic[][],
    controllerId: 2,
    asked: [] as unknown[],
    created: [] as CreateTopicsRequest[]
  }
  const wire = fakeWire({
    Metadata: ({ topics }) => {
      world.asked.push(topics)
      const described = world.answers.length > 1 ? world.answers.shift()! : world.answers[0] ?? []
      return { brokers: BROKERS, controllerId: world.controllerId, topics: described }
    },
    CreateTopics: (request) => {
      world.created.push(request)
      return { topics: request.topics.map(({ topic }) => ({ topic, errorCode: 0, message: null })) }
    },
    ...handlers
  })
  Object.assign(wire, { principal: 'User:shop' })
  const options = {
    brokers: ['a:1', 'b:1'],
    connectTimeout: 9000,
    name: 'fake',
    log: { ...SILENT, info: (...line: unknown[]) => { lines.push(line) } }
  }
  const transport = createKafkaTransport(options, wire, { clock, random })
  t.teardown(() => transport.close())
  const settled = <Result>(work: Promise<Result>): Promise<Result> => untilEnd(clock, work)
  return Object.assign(world, { transport, wire, clock, lines, settled })
}

t.test('the start is told with the brokers', async (t) => {
  const { transport, lines, asked } = build(t)
  await transport.connect()
  t.same(asked, [[]], 'no topic is asked about')
  t.match(lines, [[{ brokers: ['a:1', 'b:1'] }, /connected/]])
})

t.test('connect ends at its deadline, or else after the time to connect, and names what failed', async (t) => {
  for (const [after, ms] of [[400, 400], [undefined, 9000]] as const) {
    const { transport, clock, wire, settled, lines } = build(t)
    wire.connecting = async () => { throw new WireError('refused', 'connection') }
    const before = clock.elapsed()
    const deadline = after === undefined ? undefined : before + after
    await rejects(t, settled(transport.connect(deadline)), {
      code: 'FASTSTREAM_ERR_CONNECT', message: /a:1, b:1.*refused/, cause: { reason: 'timeout' }
    })
    t.equal(clock.elapsed() - before, ms)
    t.same(lines, [])
  }
})

t.test('connect tells the first failure while it goes on, and only that', async (t) => {
  const { transport, wire, settled } = build(t)
  const told: string[] = []
  let tries = 0
  wire.connecting = async () => { if (tries++ < 4) throw new WireError(`refused ${tries}`, 'connection') }
  await settled(transport.connect(undefined, ({ message }) => { told.push(message) }))
  t.same(told, ['refused 2'])
})

t.test('a mistake in the options of TLS ends connect at once', async (t) => {
  const { transport, clock, wire, settled } = build(t)
  wire.connecting = async () => { throw new WireError('self-signed', 'tls', undefined, 'ssl') }
  const before = clock.elapsed()
  await rejects(t, settled(transport.connect()), { code: 'FASTSTREAM_ERR_SSL', message: /a:1, b:1.*self-signed/ })
  t.ok(clock.elapsed() - before < 100)
})

t.test('what may be the fault of an option is named by it, whatever another node says', async (t) => {
  for (const [option, code] of [['sasl', 'FASTSTREAM_ERR_SASL'], ['ssl', 'FASTSTREAM_ERR_SSL']] as const) {
    for (const guilty of ['a:1', 'b:1']) {
      const { transport, wire, settled } = build(t)
      wire.connecting = async (address) => {
        throw new WireError(`failed at ${address}`, 'connection', undefined, address === guilty ? option : undefined)
      }
      await rejects(t, settled(transport.connect()), { code, message: new RegExp(`failed at ${guilty}`) })
    }
  }
})

t.test('ping ends at its deadline with what failed', async (t) => {
  const { transport, clock, wire, settled } = build(t)
  await transport.ping!(clock.elapsed() + 100)
  t.same(wire.sent, ['a:1 Metadata'])
  wire.handlers.Metadata = () => { throw new WireError('gone', 'connection') }
  const before = clock.elapsed()
  await rejects(t, settled(transport.ping!(before + 300)), { reason: 'timeout', message: 'gone' })
  t.equal(clock.elapsed() - before, 300)
})

t.test('topics have the number of their partitions, also without leaders, unless they are not there', async (t) => {
  const world = build(t)
  world.answers = [[topic('orders', 0, 1, 2, 1), topic('new', 5, -1), topic('none', 3)]]
  t.same([...await world.transport.describeTopics(['orders', 'new', 'none', 'unheard'])], [['orders', 3], ['new', 1]])
  t.same(world.asked, [['orders', 'new', 'none', 'unheard']])
  t.same([...await world.transport.describeTopics([])], [])
  t.equal(world.asked.length, 1)
})

t.test('topics that cannot be described say why', async (t) => {
  for (const [errorCode, expected] of [
    [29, { code: 'FASTSTREAM_ERR_NOT_AUTHORIZED', message: /refuses Describe on topic 'orders' to User:shop/ }],
    [17, { code: 'FASTSTREAM_ERR_TOPICS', message: /orders, bills.*INVALID_TOPIC/, cause: { errorCode: 17 } }],
    [7, { code: 'FASTSTREAM_ERR_TOPICS', message: /REQUEST_TIMED_OUT/, cause: { reason: 'timeout' } }]
  ] as const) {
    const world = build(t)
    world.answers = [[topic('orders', errorCode), topic('bills', 0, 1)]]
    await rejects(t, world.settled(world.transport.describeTopics(['orders', 'bills'])), expected)
  }
  const { transport, wire, settled } = build(t)
  wire.connecting = async () => { throw NO_TOKEN }
  await rejects(t, settled(transport.describeTopics(['orders'])), { code: 'FASTSTREAM_ERR_SASL', message: /no token/ })
})

t.test('a retriable error of the cluster is retried', async (t) => {
  const world = build(t)
  world.answers = [[topic('orders', 7)], [topic('orders', 0, 1)]]
  t.same([...await world.settled(world.transport.describeTopics(['orders']))], [['orders', 1]])
})

const ORDERS = { topic: 'orders', partitions: 3, replicas: -1 }
const BILLS = { topic: 'bills', partitions: 1, replicas: 2 }

t.test('topics are created by the controller, and are there once each partition has a leader', async (t) => {
  const world = build(t)
  world.answers = [
    [topic('orders', 3), topic('bills', 3)], [topic('orders', 3), topic('bills', 0, 1)],
    [topic('orders', 0, 1, -1, 1), topic('bills', 0, 1)], [topic('orders', 0, 1, 1, 1), topic('bills', 0, 1)]
  ]
  await world.settled(world.transport.createTopics([ORDERS, BILLS]))
  t.same(world.created, [{ topics: [ORDERS, BILLS], timeout: 5000 }])
  t.ok(world.wire.sent.includes('b:1 CreateTopics'))
  t.equal(world.asked.length, 4)
  t.ok(world.asked.every((asked) => String(asked) === 'orders,bills'))
  await world.transport.createTopics([])
  t.equal(world.created.length, 1)
})

t.test('creation waits for a controller', async (t) => {
  const world = build(t)
  world.answers = [[topic('orders', 0, 1)]]
  world.controllerId = -1
  const creating = world.transport.createTopics([ORDERS])
  await world.clock.advance(1000)
  t.equal(world.created.length, 0)
  world.controllerId = 1
  await world.settled(creating)
  t.same(world.wire.sent.filter((sent) => sent.endsWith('CreateTopics')), ['a:1 CreateTopics'])
  world.controllerId = -1
  await rejects(t, world.settled(world.transport.createTopics([ORDERS])), {
    code: 'FASTSTREAM_ERR_TOPICS', message: /NOT_CONTROLLER/
  })
})

t.test('a topic that is there already is no fault, and a creation that is refused says why', async (t) => {
  const answers = (...rows: Array<readonly [topic: string, errorCode: number, message?: string]>): Handlers => ({
    CreateTopics: () => ({
      topics: rows.map(([topic, errorCode, message = null]) => ({ topic, errorCode, message }))
    })
  })
  const create = (handlers: Handlers, code = 0) => {
    const world = build(t, handlers)
    world.answers = [[topic('orders', code, 1), topic('bills', 0, 1)]]
    return world.settled(world.transport.createTopics([ORDERS, BILLS]))
  }
  await create(answers(['orders', 36, 'exists'], ['bills', 0]))
  await rejects(t, create(answers(['orders', 0], ['bills', 38, 'too many replicas'])), {
    code: 'FASTSTREAM_ERR_TOPICS', message: /orders, bills.*bills: too many replicas/, cause: { errorCode: 38 }
  })
  await rejects(t, create(answers(['orders', 38], ['bills', 0])), {
    message: /orders: .*\(INVALID_REPLICATION_FACTOR, 38\)/
  })
  await rejects(t, create(answers(['bills', 29], ['orders', 29])), {
    code: 'FASTSTREAM_ERR_NOT_AUTHORIZED',
    message: /refuses Create on topic 'orders', Create on topic 'bills' to User:shop/
  })
  await rejects(t, create(answers(['bills', 29], ['orders', 0])), {
    code: 'FASTSTREAM_ERR_NOT_AUTHORIZED', message: /refuses Create on topic 'bills' to/
  })
  await rejects(t, create(answers(['orders', 0], ['bills', 0]), 29), {
    code: 'FASTSTREAM_ERR_NOT_AUTHORIZED', message: /refuses Describe on topic 'orders'/
  })
})

t.test('a creation that the controller cannot take now is asked for again', async (t) => {
  const codes = [41, 7, 0]
  const world = build(t, {
    CreateTopics: () => ({ topics: [{ topic: 'orders', errorCode: codes.shift()!, message: null }] })
  })
  world.answers = [[topic('orders', 0, 1)]]
  await world.settled(world.transport.createTopics([ORDERS]))
  t.same(codes, [])
})
