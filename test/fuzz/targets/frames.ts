import { FASTSTREAM_ERR_API_VERSION } from '../../../lib/errors.js'
import { checkApiRanges } from '../../../lib/transport/kafka/cluster/api-ranges.js'
import { type Api, type Requests, WireError } from '../../../lib/transport/kafka/wire.js'
import { createKafkajsWire } from '../../../lib/transport/kafkajs/wire.js'
import { fakeNode, isVersionsRequest, oldBroker, rawFrame } from '../../support/fake-node.js'
import { SILENT } from '../../support/kafka-client.js'
import { pick } from '../../support/record-sets.js'
import { anyBytes, damage } from '../bytes.js'
import type { Random, Target } from '../target.js'

const MEMBER = { groupId: 'g', memberId: 'm', groupInstanceId: null, generationId: 1 }
const PLACE = [{ topic: 'orders', partitions: [{ partition: 0 }] }]
const REQUESTS: { readonly [Kind in Api]: Requests[Kind]['parameters'] } = {
  Produce: { timeout: 1, topics: [{ topic: 'orders', partitions: [{ partition: 0, records: Buffer.alloc(0) }] }] },
  Fetch: {
    maxWait: 1,
    minBytes: 1,
    maxBytes: 1,
    isolationLevel: 1,
    rack: '',
    topics: [{ topic: 'orders', partitions: [{ partition: 0, offset: 0n, maxBytes: 1 }] }]
  },
  ListOffsets: { isolationLevel: 0, topics: [{ topic: 'orders', partitions: [{ partition: 0, timestamp: -1n }] }] },
  Metadata: { topics: ['orders'] },
  OffsetCommit: { ...MEMBER, topics: [{ topic: 'orders', partitions: [{ partition: 0, offset: 1n, metadata: '' }] }] },
  OffsetFetch: { groupId: 'g', topics: PLACE },
  FindCoordinator: { groupId: 'g' },
  JoinGroup: {
    ...MEMBER, sessionTimeout: 1, rebalanceTimeout: 1, protocols: [{ name: 'p', metadata: Buffer.alloc(0) }]
  },
  Heartbeat: MEMBER,
  LeaveGroup: MEMBER,
  SyncGroup: { ...MEMBER, assignments: [] },
  CreateTopics: { timeout: 1, topics: [{ topic: 'orders', partitions: 1, replicas: 1 }] },
  InitProducerId: {},
  DescribeConfigs: { resources: [{ type: 'topic', name: 'orders' }], names: ['retention.ms'] },
  DescribeGroups: { groupIds: ['g'] }
}
const APIS = Object.keys(REQUESTS) as Api[]

/** Frames from a node that is none: in the handshake, or as the answer to a request. */
export async function frames (): Promise<Target> {
  const ends: Array<() => unknown> = []
  let random: Random = () => 0
  let isShaking = false
  const address = await fakeNode({ teardown: (end) => { ends.push(end as () => unknown) } }, (request, socket) => {
    if (isVersionsRequest(request) && !isShaking) return oldBroker(request, socket, random(12))
    // A frame that claims more than it has would be waited for.
    socket.end(anyFrame(request, random))
  })
  return {
    name: 'frames',
    async run (numbers) {
      random = numbers
      isShaking = random(4) === 0
      const wire = createKafkajsWire({ clientId: 'fuzz', log: SILENT })
      const api = pick(APIS, random)
      try {
        const connection = await wire.connect(address, new AbortController().signal)
        try {
          checkApiRanges(wire, connection)
          await connection.send(api, REQUESTS[api])
        } finally {
          connection.close()
        }
      } catch (error) {
        if (!(error instanceof WireError || error instanceof FASTSTREAM_ERR_API_VERSION)) throw error
      }
    },
    async close () { for (const end of ends) await end() }
  }
}

function anyFrame (request: Buffer, random: Random): Buffer {
  const kind = random(4)
  if (kind === 0) return anyBytes(random)
  const frame = rawFrame(request, anyBytes(random))
  return kind === 1 ? damage(frame, random) : frame
}
