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
  for (const topic of ['orders.0', 'orders.0', 'returns.0', 'orders.0']) topics.deadLetterTopic(topic)
  t.same(prepared, ['orders.0.dlq', 'returns.0.dlq'])
  for (let id = 1; id < 10_000; id++) topics.deadLetterTopic(`orders.${id}`)
  topics.deadLetterTopic('orders.0')
  t.equal(prepared.at(-1), 'orders.0.dlq')
  t.same([topics.has('orders.a'), topics.has('orders.a.dlq'), topics.params('orders.a')?.id], [true, false, 'a'])
  t.equal(topics.params('returns'), undefined)
})

t.test('any of several patterns finds a topic, and one whose dead letters would come back is left out', async (t) => {
  const log = logLines()
  const prepared: string[] = []
  const deadLetter = (topic: string): string | undefined => topic.endsWith('.loop') ? topic : undefined
  const patterns = ['orders.{id}', 'returns.{id}'].map((text) => TopicPattern.of(text)!)
  const topics = new PatternTopics({ name: 'take', patterns, deadLetter }, {
    deadLetterTopics: new DeadLetterTopics(deadLetter, []), log, prepareTopic: (topic) => { prepared.push(topic) }
  })
  t.same(['orders.a', 'returns.a', 'invoices.a', 'orders.loop', 'orders.loop'].map((topic) => topics.has(topic)), [
    true, true, false, false, false
  ])
  t.equal(topics.deadLetterTopic('orders.a'), undefined)
  t.same(prepared, [])
  const message = /^option 'deadLetter\.topic' must/
  t.match(log.details, [{ topic: 'orders.loop', subscriber: 'take', err: { message } }])
  t.equal(log.details.length, 1)
})
