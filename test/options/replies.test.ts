import t from 'tap'
import { allowedReplies, replyTopicOf, REPLIES } from '../../lib/options/replies.js'

const NONE = { topic: undefined, allowed: undefined }
const check = (given: object) => REPLIES.check('replies', given as never, NONE)
const of = (replies: object, topicPrefix = '', clientId = 'shop') => {
  return { replies: { ...NONE, ...replies }, topicPrefix, clientId }
}

t.test('replies name topics, and what topics begin with', async (t) => {
  t.strictSame(REPLIES.default, NONE)
  t.strictSame(check({}), NONE)
  t.strictSame(check({ topic: 'answers', allowed: 'a.b' }), { topic: 'answers', allowed: ['a.b'] })
  t.strictSame(check({ allowed: ['*', 'a_-.Z9*'] }).allowed, ['*', 'a_-.Z9*'])
  t.ok(Object.isFrozen(check({ allowed: [] }).allowed))
  for (const allowed of ['', '*a', 'a*b', 'a**', 'a b', '**', [1], null]) {
    t.throws(() => check({ allowed }), {
      code: 'FASTSTREAM_ERR_INVALID_OPTION', message: /'replies\.allowed' must be a topic such as/
    }, JSON.stringify(allowed))
  }
  t.throws(() => check({ topic: 'a b' }), { code: 'FASTSTREAM_ERR_INVALID_TOPIC', message: /option 'replies\.topic'/ })
})

t.test('replies have a topic of the app by default', async (t) => {
  t.equal(replyTopicOf(of({}, 'eu.', 'shop 1/ü')), 'eu.replies.shop-1--')
  t.equal(replyTopicOf(of({}, '', 'aZ9._-')), 'replies.aZ9._-')
  t.equal(replyTopicOf(of({ topic: 'answers' }, 'eu.')), 'answers')
  t.equal(replyTopicOf(of({}, '', 'x'.repeat(300))).length, 249)
})

t.test('an app answers to the topics that are allowed', async (t) => {
  const byDefault = allowedReplies(of({}, 'eu.'))
  for (const topic of ['eu.replies.', 'eu.replies.shop']) t.equal(byDefault(topic), true, topic)
  for (const topic of ['replies.shop', 'eu.replies', 'eu.repliesx', 'orders', 'x.eu.replies.a']) {
    t.equal(byDefault(topic), false, topic)
  }
  const written = allowedReplies(of({ allowed: ['answers', 'a.*'] }, 'eu.'))
  for (const topic of ['answers', 'a.', 'a.b']) t.equal(written(topic), true, topic)
  for (const topic of ['answers.more', 'a', 'eu.replies.shop', 'xanswers', 'x.a.b']) {
    t.equal(written(topic), false, topic)
  }
  t.equal(allowedReplies(of({ allowed: ['*'] }))('orders'), true)
  t.equal(allowedReplies(of({ allowed: [] }))('replies.shop'), false)
})
