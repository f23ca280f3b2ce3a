import t, { type Test } from 'tap'
import Fastify from 'fastify'
import { Type } from '@sinclair/typebox'
import faststreamPlugin, { type FaststreamOptions } from '../../index.js'
import { startCluster } from '../../tools/kafka/cluster.js'

/* Requests while the cluster restarts. */

t.test('a restart of the cluster: each request is answered or rejected, and later ones are answered', async (t) => {
  const cluster = await startCluster({ nodes: 1 })
  t.teardown(() => cluster.stop())
  const build = async (t: Test, options: FaststreamOptions = {}) => {
    const app = Fastify()
    t.teardown(() => app.close())
    await app.register(faststreamPlugin, { brokers: cluster.brokers, groupId: 'answers', ...options })
    return app
  }
  const answering = await build(t)
  answering.broker.subscriber('quotes', { schema: { reply: Type.Any() } }, (value) => value)
  await answering.ready()
  const asking = await build(t)
  await asking.ready()
  const { broker } = asking
  t.equal(await broker.request('quotes', 0, { timeout: 30_000 }), 0)

  const outcomes: Array<Promise<unknown>> = []
  const load = new AbortController()
  const asked = (async () => {
    for (let i = 1; !load.signal.aborted; i++) {
      outcomes.push(broker.request('quotes', i, { timeout: 8000 }).then(
        (value) => value === i ? 'answered' : `${i} was answered with ${value}`,
        ({ code }) => code
      ))
      await new Promise((resolve) => { setTimeout(resolve, 20) })
    }
  })()
  await new Promise((resolve) => { setImmediate(resolve) })
  await cluster.kill(0)
  await cluster.up(0)
  // Answered again, in order behind what was asked meanwhile.
  for (let answered = false; !answered;) {
    answered = await broker.request('quotes', -1, { timeout: 5000 }).then(() => true, () => false)
  }
  load.abort()
  await asked
  const seen = new Map<unknown, number>()
  for (const outcome of await Promise.all(outcomes)) seen.set(outcome, (seen.get(outcome) ?? 0) + 1)
  t.comment(Object.fromEntries(seen))
  const known = ['answered', 'FASTSTREAM_ERR_REQUEST_TIMEOUT', 'FASTSTREAM_ERR_UNAVAILABLE']
  t.same([...seen.keys()].filter((outcome) => !known.includes(String(outcome))), [])
  t.ok(seen.get('answered')! > 0)
  t.equal(broker.health().requests.open, 0)
})
