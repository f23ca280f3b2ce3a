import t from 'tap'
import { prepareTopics } from '../../lib/broker/prepare-topics.js'
import { normaliseOptions } from '../../lib/options/plugin-options.js'
import type { Transport } from '../../lib/transport/transport.js'
import { logLines } from '../support/log-lines.js'

/** Prepares topics on a cluster that has one of them, and returns what it was asked for. */
async function prepare (topics: 'create' | 'verify' | 'ignore', declared: readonly string[], isEnding = false) {
  const calls: unknown[] = []
  const cluster = {
    async describeTopics (asked: readonly string[]) {
      calls.push(['describe', ...asked])
      return new Map([['orders', 1]])
    },
    async createTopics (missing: ReadonlyArray<{ topic: string }>) {
      calls.push(['create', ...missing.map(({ topic }) => topic)])
    }
  }
  const log = logLines()
  const settings = normaliseOptions({ transport: 'memory', topics }, 0)
  await prepareTopics(cluster as unknown as Transport, declared, settings, log, () => isEnding)
  return [...calls, ...log.details.map((details) => Reflect.get(details, 'topics') as unknown)]
}

t.test('only topics that are missing are created, and told', async (t) => {
  const described = ['describe', 'orders', 'returns']
  t.same(await prepare('create', ['orders', 'returns']), [described, ['create', 'returns'], ['returns']])
  t.same(await prepare('create', ['orders']), [['describe', 'orders']])
  t.same(await prepare('create', ['orders', 'returns'], true), [described], 'the app closes meanwhile')
})

t.test('topics are verified, or not asked for', async (t) => {
  t.same(await prepare('verify', ['orders']), [['describe', 'orders']])
  await t.rejects(prepare('verify', ['orders', 'returns', 'audit']), {
    code: 'FASTSTREAM_ERR_TOPICS', message: /returns, audit/
  })
  t.same(await prepare('ignore', ['orders', 'returns']), [])
})
