import t, { type Test } from 'tap'
import Fastify, { type FastifyInstance } from 'fastify'
import faststreamPlugin from '../../index.js'
// Loaded before the app is ready: it would count as time of the connection.
import '../../lib/transport/kafkajs/index.js'
import { eventually } from '../conformance/eventually.js'
import { memoryLog } from '../support/json-log.js'
import { brokers, uniqueName } from './fixture.js'

interface Member {
  readonly app: FastifyInstance
  readonly linesOf: (message: string) => Array<Record<string, unknown>>
}

async function member (t: Test, groupId: string, topic: string): Promise<Member> {
  const { stream, lines } = memoryLog()
  const app = Fastify({ pluginTimeout: 60_000, logger: { level: 'debug', stream } })
  t.teardown(() => app.close())
  await app.register(faststreamPlugin, { brokers: brokers(), groupId, topicConfig: { partitions: 2 } })
  app.broker.subscriber(topic, function take (_, { log }) { log.info('taken') })
  await app.ready()
  return { app, linesOf: (message) => lines.filter(({ msg }) => msg === message) }
}

t.test('a member joins, handles, rebalances and closes, and each has its line', async (t) => {
  const [groupId, topic] = [uniqueName('g'), uniqueName('orders')]
  const one = await member(t, groupId, topic)
  t.match(one.linesOf('joined the group'), [{
    groupId, subscribers: ['take'], partitions: { [topic]: [0, 1] }, duration: Number
  }])
  await one.app.broker.publish(topic, 1, { correlationId: 'c-1' })
  await eventually(async () => one.linesOf('message completed').length === 1)
  const about = { subscriber: 'take', groupId, topic, offset: '0', correlationId: 'c-1' }
  t.match(one.linesOf('taken'), [about])
  t.match(one.linesOf('message completed'), [{ ...about, outcome: 'acknowledged', attempts: 1 }])

  const two = await member(t, groupId, topic)
  await eventually(async () => one.linesOf('partitions were assigned anew').length === 1)
  const given = two.linesOf('joined the group').map(({ partitions }) => partitions)
  t.match(one.linesOf('partitions were assigned anew'), [{
    groupId, reason: 'revoked', given: {}, taken: given[0], duration: Number
  }])
  await two.app.close()
  await eventually(async () => one.linesOf('partitions were assigned anew').length === 2)
  t.match(one.linesOf('partitions were assigned anew')[1], {
    given: given[0], taken: {}, partitions: { [topic]: [0, 1] }
  })
  t.match(two.linesOf('closing: no handler runs'), [{ broker: 'default' }])
  t.match(two.linesOf('closed'), [{ broker: 'default', duration: Number }])
})
