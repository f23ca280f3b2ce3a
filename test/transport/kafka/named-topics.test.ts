import t from 'tap'
import { namedTopics } from '../../../lib/transport/kafka/consumer/named-topics.js'

const options = { groupId: 'shop', topics: ['orders'], offsetReset: 'earliest', rebalanceTimeout: 1000, sessionTimeout: 1000 } as const

t.test('topics by name pass', async (t) => {
  t.same(namedTopics(options), options)
})

t.test('a pattern, chosen partitions and chosen positions are refused', async (t) => {
  const code = 'FASTSTREAM_ERR_INVALID_OPTION'
  t.throws(() => namedTopics({ ...options, topics: () => true }), { code, message: /'topics' must be names/ })
  t.throws(() => namedTopics({ ...options, partitions: [0] }), { code, message: /'partitions' cannot be chosen/ })
  t.throws(() => namedTopics({ ...options, positions: [] }), { code, message: /'positions' cannot be chosen/ })
})
