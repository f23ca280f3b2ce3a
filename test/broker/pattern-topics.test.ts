import t from 'tap'
import { DeadLetterTopics } from '../../lib/broker/dead-letter-topics.js'
import { PatternTopics } from '../../lib/broker/pattern-topics.js'
import { TopicPattern } from '../../lib/options/topic-pattern.js'
import { logLines } from '../support/log-lines.js'

t.test('topics without end take memory with an end: the dead-letter topics are prepared again', async (t) => {
  const deadLetter = (topic: string): string => `${topic}.dlq`
  const patterns = [TopicPattern.of('orders.{id}')!]
  const prepared: string[] = []
  const topics = new PatternTopics({ name: 'take', patterns, deadLetter }, {
    deadLetterTopics: new DeadLetterTopics(deadLetter, []),
    log: logLines(),
    prepareTopic: (topic) => { prepared.push(topic) }
  })
  for (const topic of ['orders.0', 'orders.0', 'returns.0']) topics.deadLetterTopic(topic)
  t.same(prepared, ['orders.0.dlq', 'returns.0.dlq'])
  for (let id = 1; id < 10_000; id++) topics.deadLetterTopic(`orders.${id}`)
  topics.deadLetterTopic('orders.0')
  t.equal(prepared.at(-1), 'orders.0.dlq')
  t.same([topics.has('orders.a'), topics.has('orders.a.dlq'), topics.params('orders.a')?.id], [true, false, 'a'])
  t.equal(topics.params('returns'), undefined)
})
