import { systemClock } from '../../lib/clock.js'
import { Group } from '../../lib/consume/group/group.js'
import { Pipeline } from '../../lib/consume/pipeline/pipeline.js'
import type { SubscriberPlan } from '../../lib/consume/pipeline/subscriber-plan.js'
import { Events, processing, publishing } from '../../lib/events.js'
import type { Producer } from '../../lib/produce/producer.js'
import type { ConsumedRecord, ConsumerListener, TransportConsumer } from '../../lib/transport/transport.js'

// npm run bench -- events [messages]
// Cost of events without listener: the time that a message takes from the transport to its commit, and how much of
// that are the checks for listeners. The checks of a message are repeated REPEATED times in its handler, and the
// difference is divided by that.

const [messages = 300_000] = process.argv.slice(2).map(Number)
const ROUNDS = 9
const REPEATED = 100
const BATCH = 500
const log = { debug () {}, info () {}, warn () {}, error () {} }

class BenchConsumer implements TransportConsumer {
  readonly lastContact = Date.now() + 1e9
  readonly unreached = undefined
  async start () {}
  async subscribe () {}
  async offsets () { return [] }
  pause () {}
  resume () {}
  seek () {}
  async commit () {}
  stop () {}
  async close () {}
  missing () { return [] }
  progress () { return { position: undefined, end: undefined } }
}

function batch (from: number): ConsumedRecord[] {
  return Array.from({ length: BATCH }, (_, i) => ({
    offset: BigInt(from + i), timestamp: 0, key: null, value: null, headers: [], size: 100
  }))
}

/** ns per message. `repeated`: how many times more often the checks are made. */
async function run (repeated: number): Promise<number> {
  const environment = { clock: systemClock, log, events: new Events('bench', log) }
  const { events } = environment
  let listened = 0
  let handled = 0
  let done = (): void => {}
  const plan: SubscriberPlan<ConsumedRecord> = {
    name: 'bench',
    topics: ['bench'],
    groupId: 'bench',
    ordering: 'partition',
    concurrency: 1,
    ackPolicy: 'REJECT_ON_ERROR',
    retry: { retries: 0, delay: 0, factor: 1, maxDelay: 0, jitter: 0, retryOn: () => true },
    breaker: false,
    handlerTimeout: 60_000,
    bodyLimit: 1_000_000,
    messageLogLevel: 'silent',
    deadLetterTopic: () => undefined,
    isDeadLetterOf: () => false,
    writtenTopics: () => [],
    decode: ({ record }) => record,
    release: () => undefined,
    prepare: () => [],
    handle: async () => {
      // All that are made for a message whose result is published.
      for (let i = 0; i < repeated; i++) {
        if (events.started.active) listened++
        if (processing.hasSubscribers) listened++
        if (events.settled.active) listened++
        if (publishing.hasSubscribers) listened++
        if (events.published.active) listened++
      }
      if (++handled % BATCH === 0) done()
    }
  }
  const pipeline = new Pipeline(plan, {} as Producer, environment)
  const settings = {
    buffer: { messages: 1000, bytes: 1e9 },
    commit: { interval: 1000, count: 500 },
    revokeDrain: 1000,
    sessionTimeout: 30_000,
    rebalanceTimeout: 60_000
  }
  const group = new Group(
    'bench', [pipeline], (_: ConsumerListener) => new BenchConsumer(), { ...environment, settings }
  )
  group.dispatch()
  group.assigned([{ topic: 'bench', partition: 0 }])
  const batches = Array.from({ length: messages / BATCH }, (_, i) => batch(i * BATCH))
  const began = process.hrtime.bigint()
  for (const [i, records] of batches.entries()) {
    const handledAll = new Promise<void>((resolve) => { done = resolve })
    group.records('bench', 0, records, BigInt((i + 1) * BATCH))
    await handledAll
  }
  const ns = Number(process.hrtime.bigint() - began) / messages
  await group.close(1000)
  if (listened > 0) throw new Error('there are listeners')
  return ns
}

await run(0)
await run(REPEATED)
const plain: number[] = []
const checked: number[] = []
for (let round = 0; round < ROUNDS; round++) {
  plain.push(await run(0))
  checked.push(await run(REPEATED))
}
// The fastest round is the one that other processes have disturbed least.
const fastest = Math.min(...plain)
const checks = (Math.min(...checked) - fastest) / REPEATED
console.log(`a message takes ${fastest.toFixed(0)} ns (slowest round: ${Math.max(...plain).toFixed(0)})`)
console.log(`its checks for listeners take ${checks.toFixed(1)} ns: ${(checks / fastest * 100).toFixed(2)} %`)
