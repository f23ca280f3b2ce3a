import Fastify from 'fastify'
import type { Test } from 'tap'
import { faststreamPlugin, type FaststreamOptions } from '../../index.js'
import { sleep, type Clock } from '../../lib/clock.js'
import { createKafkaTransport } from '../../lib/transport/kafka/index.js'
import type {
  Api, FetchRequest, JoinGroupAnswer, JoinGroupRequest, Requests
} from '../../lib/transport/kafka/wire.js'
import { useEnvironment } from './environment.js'
import { fakeWire, type Handlers, metadataOf } from './fake-wire.js'
import { manualEnvironment } from './kafka-client.js'
import type { ManualClock } from './manual-clock.js'

type Parameters<Kind extends Api> = Requests[Kind]['parameters']

/** The only member of a group leads it. */
function joined ({ protocols }: JoinGroupRequest): JoinGroupAnswer {
  const members = protocols.map(({ metadata }) => ({ memberId: 'm', metadata }))
  return { errorCode: 0, generationId: 1, protocol: 'p', leaderId: 'm', memberId: 'm', members }
}

/** No records; that of the check of rights asks for a partition that is not there. */
function nothing ({ topics, maxWait }: FetchRequest): Requests['Fetch']['answer'] {
  const row = { errorCode: maxWait === 0 ? 3 : 0, highWatermark: 9n, lastStableOffset: 9n, aborted: [] }
  const records = Buffer.alloc(0)
  return {
    errorCode: 0,
    topics: topics.map(({ topic, partitions }) => (
      {
        topic,
        partitions: partitions.map(({ partition }) => ({ ...row, partition, preferredReadReplica: -1, records }))
      }))
  }
}

/** Answers of a node that leads the topics, whose logs hold the offsets 0 to 9. Groups have stored nothing. */
function node (topics: readonly string[], clock: Clock): Handlers {
  return {
    Metadata: metadataOf(Object.fromEntries(topics.map((topic) => [topic, 1]))),
    Fetch: async (request) => {
      await sleep(clock, request.maxWait, new AbortController().signal)
      return nothing(request)
    },
    Produce: ({ topics }) => ({
      topics: topics.map(({ topic, partitions }) => (
        { topic, partitions: partitions.map(({ partition }) => ({ partition, errorCode: 3, baseOffset: -1n })) }))
    }),
    ListOffsets: ({ topics }) => ({
      topics: topics.map(({ topic, partitions }) => ({
        topic,
        partitions: partitions.map(({ partition, timestamp }) => (
          { partition, errorCode: 0, offset: timestamp === -2n ? 0n : 9n }))
      }))
    }),
    FindCoordinator: () => ({ errorCode: 0, nodeId: 1, host: 'a', port: 1 }),
    JoinGroup: joined,
    SyncGroup: ({ assignments }) => ({ errorCode: 0, assignment: assignments[0]!.assignment }),
    Heartbeat: ({ memberId }) => ({ errorCode: memberId === '' ? 25 : 0 }),
    OffsetFetch: ({ topics }) => ({
      errorCode: 0,
      topics: topics.map(({ topic, partitions }) => (
        {
          topic, partitions: partitions.map((row) => ({ ...row, errorCode: 0, offset: -1n, metadata: null }))
        }))
    }),
    OffsetCommit: ({ topics }) => ({
      topics: topics.map(({ topic, partitions }) => (
        { topic, partitions: partitions.map(({ partition }) => ({ partition, errorCode: 0 })) }))
    }),
    LeaveGroup: () => ({ errorCode: 0 })
  }
}

/**
 * An app whose client sends its requests to a node that answers as {@link node}, unless `handlers` say otherwise. The
 * app is ready when `declare` has declared its subscribers. Time stands still, but for what `clock` is told. `sent`
 * returns the requests of one kind, in their order.
 */
export async function startOnWire (
  t: Test, options: FaststreamOptions, declare: (app: ReturnType<typeof Fastify>) => void, handlers: Handlers = {}
) {
  const { clock, random } = manualEnvironment()
  const requests: Array<readonly [api: Api, parameters: unknown]> = []
  const answers: Handlers = { ...node(['orders', 'orders.dlq', 'bills', 'bills.dlq'], clock), ...handlers }
  const wire = fakeWire(answers)
  const { connect } = wire
  wire.connect = async (...args) => {
    const connection = await connect(...args)
    const { send } = connection
    connection.send = async (api, parameters) => {
      requests.push([api, parameters])
      return await send(api, parameters)
    }
    return connection
  }
  const app = Fastify()
  const transport: FaststreamOptions['transport'] = (given) => {
    return createKafkaTransport({ ...given, name: 'fake' }, wire, { clock, random })
  }
  useEnvironment(app, { clock })
  await app.register(faststreamPlugin, { transport, brokers: ['a:1'], groupId: 'shop', ...options })
  declare(app)
  await settled(clock, app.ready())
  t.teardown(() => settled(clock, app.close()))
  const sent = <Kind extends Api>(kind: Kind): Array<Parameters<Kind>> => {
    return requests.flatMap(([api, parameters]) => api === kind ? [parameters as Parameters<Kind>] : [])
  }
  return { app, clock, wire, sent }
}

/** Lets time go on until `work` has ended. */
async function settled (clock: ManualClock, work: PromiseLike<unknown>): Promise<void> {
  const progress = { ended: false }
  const ending = Promise.resolve(work).finally(() => { progress.ended = true })
  while (!progress.ended) await clock.advance(10)
  await ending
}
