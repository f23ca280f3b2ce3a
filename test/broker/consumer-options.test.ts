import t from 'tap'
import type { FaststreamOptions, InheritedConsumerOptions } from '../../index.js'
import { encodeBatch } from '../../lib/transport/kafka/records/encode-batch.js'
import type { FetchAnswer, FetchRequest } from '../../lib/transport/kafka/wire.js'
import { startOnWire } from '../support/wire-app.js'

/* Each option of the consumer, as its effect reaches the wire: written for the plugin, and for a subscriber. */

type Started = Awaited<ReturnType<typeof startOnWire>>

/** The fetches of the consumer: the check of rights waits for nothing. */
function fetchesOf ({ sent }: Started): FetchRequest[] {
  return sent('Fetch').filter(({ maxWait }) => maxWait > 0)
}

const AT = 1_700_000_000_000

interface Row {
  readonly options: InheritedConsumerOptions
  readonly effect: (started: Started) => unknown
  /** What `effect` yields without the option, and with it. */
  readonly without: unknown
  readonly with: unknown
}

const fetchMember = (member: 'minBytes' | 'maxBytes' | 'maxWait' | 'isolationLevel' | 'rack') => (started: Started) => {
  return fetchesOf(started)[0]?.[member]
}
const joinMember = (member: 'sessionTimeout' | 'rebalanceTimeout' | 'groupInstanceId') => ({ sent }: Started) => {
  return sent('JoinGroup')[0]?.[member]
}

const ROWS: Readonly<Record<string, Row>> = {
  'fetch.minBytes': { options: { fetch: { minBytes: 7 } }, effect: fetchMember('minBytes'), without: 1, with: 7 },
  'fetch.maxBytes': {
    options: { fetch: { maxBytes: 5000 } }, effect: fetchMember('maxBytes'), without: 10_485_760, with: 5000
  },
  'fetch.maxBytesPerPartition': {
    options: { fetch: { maxBytesPerPartition: 4000 } },
    effect: (started) => fetchesOf(started)[0]?.topics[0]?.partitions[0]?.maxBytes,
    without: 1_048_576,
    with: 4000
  },
  'fetch.maxWait': { options: { fetch: { maxWait: 321 } }, effect: fetchMember('maxWait'), without: 250, with: 321 },
  isolationLevel: {
    options: { isolationLevel: 'read_uncommitted' },
    effect: fetchMember('isolationLevel'),
    without: 1,
    with: 0
  },
  clientRack: { options: { clientRack: 'zone-a' }, effect: fetchMember('rack'), without: '', with: 'zone-a' },
  sessionTimeout: {
    options: { sessionTimeout: 12_345 }, effect: joinMember('sessionTimeout'), without: 30_000, with: 12_345
  },
  rebalanceTimeout: {
    options: { rebalanceTimeout: 23_456 }, effect: joinMember('rebalanceTimeout'), without: 60_000, with: 23_456
  },
  groupInstanceId: {
    options: { groupInstanceId: 'shop-0' }, effect: joinMember('groupInstanceId'), without: null, with: 'shop-0'
  },
  'offsetReset with a time': {
    options: { offsetReset: { timestamp: new Date(AT) } },
    effect: ({ sent }) => sent('ListOffsets').flatMap(({ topics }) => topics[0]!.partitions)
      .map(({ timestamp }) => timestamp).filter((timestamp) => timestamp > 0n),
    without: [],
    with: [BigInt(AT)]
  }
}

for (const [name, { options, effect, ...expected }] of Object.entries(ROWS)) {
  t.test(`${name} reaches the wire, from the plugin and from a subscriber`, async (t) => {
    const observed = async (ofPlugin: FaststreamOptions, ofSubscriber: InheritedConsumerOptions): Promise<unknown> => {
      return effect(await startOnWire(t, ofPlugin, (app) => {
        app.broker.subscriber('orders', ofSubscriber, () => {})
      }))
    }
    t.same(await observed({}, {}), expected.without)
    t.same(await observed(options, {}), expected.with)
    t.same(await observed({}, options), expected.with)
  })
}

t.test('a member of fetch that a subscriber leaves out is that of the plugin', async (t) => {
  const started = await startOnWire(t, { fetch: { maxWait: 900, minBytes: 3 } }, (app) => {
    app.broker.subscriber('orders', { fetch: { minBytes: 5 } }, () => {})
  })
  t.match(fetchesOf(started)[0], { maxWait: 900, minBytes: 5 })
})

t.test('heartbeatInterval is the time from one heartbeat to the next', async (t) => {
  const beats = async (options: FaststreamOptions): Promise<number> => {
    const { clock, sent } = await startOnWire(t, options, (app) => { app.broker.subscriber('orders', () => {}) })
    const before = sent('Heartbeat').length
    await clock.advance(9000)
    return sent('Heartbeat').length - before
  }
  t.equal(await beats({}), 9)
  t.equal(await beats({ heartbeatInterval: 3000 }), 3)
  t.equal(await beats({ heartbeatInterval: 500 }), 18)
})

t.test('metadataMaxAge is the time from one question about the topics to the next', async (t) => {
  const questions = async (options: FaststreamOptions): Promise<number> => {
    const { clock, sent } = await startOnWire(t, options, (app) => { app.broker.subscriber('orders', () => {}) })
    const before = sent('Metadata').length
    await clock.advance(60_000)
    return sent('Metadata').length - before
  }
  const [often, seldom] = [await questions({}), await questions({ metadataMaxAge: 20_000 })]
  t.ok(often > 8 && often < 13, `every 5 s: ${often}`)
  t.ok(seldom === 2 || seldom === 3, `every 20 s: ${seldom}`)
})

t.test('a producer asks about its topics after metadataMaxAge', async (t) => {
  const { app, clock, sent } = await startOnWire(t, { metadataMaxAge: 20_000 }, (app) => {
    app.broker.publisher('orders')
  })
  const ask = async (): Promise<number> => {
    app.broker.publish('orders', 1).catch(() => {})
    await clock.advance(100)
    return sent('Metadata').length
  }
  await ask()
  const before = await ask()
  await clock.advance(10_000)
  t.equal(await ask(), before)
  await clock.advance(20_000)
  t.equal(await ask(), before + 1)
})

t.test('groups of one app have their own consumers, each with its options', async (t) => {
  const { sent } = await startOnWire(t, { fetch: { maxWait: 100 } }, (app) => {
    app.broker.subscriber('orders', { groupId: 'one', clientRack: 'a', sessionTimeout: 10_000 }, () => {})
    app.broker.subscriber('bills', { groupId: 'two', clientRack: 'b', sessionTimeout: 20_000 }, () => {})
    app.broker.subscriber('bills', { groupId: null, clientRack: 'c' }, () => {})
  })
  t.same(sent('JoinGroup').map(({ groupId, sessionTimeout }) => [groupId, sessionTimeout]).sort(), [
    ['one', 10_000], ['two', 20_000]
  ])
  const fetches = sent('Fetch').filter(({ maxWait }) => maxWait > 0)
  const racks = fetches.map(({ rack, topics }) => `${topics[0]?.topic} ${rack}`)
  t.same([...new Set(racks)].sort(), ['bills b', 'bills c', 'orders a'])
})

t.test('the health of a consumer waits for its heartbeats, however seldom they are', async (t) => {
  const health = async (options: FaststreamOptions & InheritedConsumerOptions, seconds: number): Promise<unknown> => {
    const { app, clock } = await startOnWire(t, options, (app) => { app.broker.subscriber('orders', () => {}) })
    await clock.advance(seconds * 1000)
    return app.broker.health().subscribers[0]?.state
  }
  t.equal(await health({ heartbeatInterval: 25_000, sessionTimeout: 90_000 }, 24), 'reading')
  t.equal(await health({ groupId: null, metadataMaxAge: 100_000 }, 90), 'reading')
})

/** One record whose batch has another checksum than its bytes. */
function damaged (): FetchAnswer {
  const record = { key: null, value: Buffer.from('1'), headers: [], timestamp: AT }
  const records = encodeBatch([record], { producerId: -1n, producerEpoch: -1, firstSequence: -1 })
  records.writeUInt32BE(0, 17)
  const row = { highWatermark: 1n, lastStableOffset: 1n, aborted: [], preferredReadReplica: -1 }
  return { errorCode: 0, topics: [{ topic: 'orders', partitions: [{ ...row, partition: 0, errorCode: 0, records }] }] }
}

t.test('with checkCrcs: false a record is handled whose checksum is wrong', async (t) => {
  const taken = async (options: InheritedConsumerOptions): Promise<unknown> => {
    const values: unknown[] = []
    const { app, clock } = await startOnWire(t, {}, (app) => {
      app.broker.subscriber('orders', options, (value: unknown) => { values.push(value) })
    }, {
      Fetch: ({ topics, maxWait }) => {
        const asked = topics[0]!.partitions[0]!
        return asked.offset === 0n && maxWait > 0 ? damaged() : new Promise(() => {})
      }
    })
    await clock.advance(100)
    return { values, stopped: app.broker.health().subscribers[0]?.partitions[0]?.stopped !== undefined }
  }
  t.same(await taken({}), { values: [], stopped: true })
  t.same(await taken({ checkCrcs: false }), { values: [1], stopped: false })
})
