import type { MetadataAnswer } from '../../../lib/transport/kafka/wire.js'
import { fakeWire } from '../../support/fake-wire.js'
import { clientOf, manualEnvironment } from '../../support/kafka-client.js'
import { pick } from '../../support/record-sets.js'
import { anyInteger, anyText } from '../bytes.js'
import { promise, type Random, type Target } from '../target.js'

const ERROR_CODES = [0, 0, 0, 3, 5, 29, -1, 9999]

/** Metadata of a cluster that is not what it says: nodes, topics and partitions that cannot be. */
export function answers (): Target {
  return { name: 'answers', run: learn }
}

async function learn (random: Random): Promise<void> {
  const answer = anyMetadata(random)
  const ends: Array<() => unknown> = []
  const wire = fakeWire({ Metadata: () => answer })
  const client = clientOf({ teardown: (end) => { ends.push(end as () => unknown) } }, wire, manualEnvironment())
  await client.learn('orders')
  for (const { topic, partitions } of answer.topics) {
    const { leaders } = client.metadata.get(topic)
    const most = Math.max(
      ...answer.topics.filter((each) => each.topic === topic).map(({ partitions }) => partitions.length)
    )
    promise(leaders.length <= most, `${leaders.length} partitions of an answer with ${partitions.length}`)
    promise(leaders.every((leader) => typeof leader === 'number'), 'a leader is no number')
  }
  for (const { nodeId } of answer.brokers) client.cluster.node(nodeId)
  for (const end of ends) await end()
}

function anyMetadata (random: Random): MetadataAnswer {
  return {
    controllerId: anyInteger(random),
    brokers: list(random, 4, () => ({ nodeId: anyInteger(random), host: anyText(random), port: anyInteger(random) })),
    topics: list(random, 4, () => ({
      topic: anyText(random),
      errorCode: pick(ERROR_CODES, random),
      partitions: list(random, 6, (partition) => ({
        partition: random(2) === 0 ? partition : anyInteger(random),
        errorCode: pick(ERROR_CODES, random),
        leader: anyInteger(random)
      }))
    }))
  }
}

function list<Item> (random: Random, most: number, item: (index: number) => Item): Item[] {
  return Array.from({ length: random(most) }, (_, index) => item(index))
}
