import { callable, noSurplus } from '../../options/assert.js'
import { committing } from './committing.js'
import { consuming } from './consuming.js'
import { groups } from './groups.js'
import { moving } from './moving.js'
import { producing } from './producing.js'
import { replacing } from './replacing.js'
import { subscribing } from './subscribing.js'
import { topics } from './topics.js'
import { ConformanceWorld, type ClientFactory } from './world.js'

/**
 * Test of a test runner: `test` of node:test, vitest and jest, `t.test` of tap.
 *
 * @example
 * const only: ConformanceTest = (name, sentence) => { if (!name.startsWith('a time')) test(name, sentence) }
 */
export type ConformanceTest = (name: string, sentence: () => Promise<void>) => unknown

/** Time that one wait may take, ms. */
const PATIENCE = 30_000

const SENTENCES = Object.entries({
  ...topics, ...producing, ...consuming, ...committing, ...groups, ...subscribing, ...replacing, ...moving
})

/**
 * Declares a test for each sentence that is true of every transport: topics, records, offsets, groups, rebalances,
 * patterns and positions. The transports of the plugin pass them on the in-memory cluster and on Apache Kafka. They run
 * on topics and groups of their own, `conformance-…`, which stay on the cluster: `Transport` cannot delete them. A
 * sentence fails with an `AssertionError`, after 30 s where it waits for a state.
 *
 * @param factory makes a client of the cluster, not connected yet, as another process would have one; the sentences
 *   close it
 * @throws FASTSTREAM_ERR_INVALID_OPTION when `test` or `factory` is not a function
 * @example
 * import { test } from 'node:test'
 * transportConformance(test, () => new NatsTransport(['localhost:4222']))
 */
export function transportConformance (test: ConformanceTest, factory: ClientFactory): void {
  noSurplus('transportConformance(test, factory)', arguments, 2)
  callable('test', test, 'must be a function: test of node:test, vitest or jest, t.test of tap')
  callable('factory', factory, 'must be a function that makes a transport')
  declareSentences(test, factory, PATIENCE)
}

/** `patience`: ms that one wait may take. */
export function declareSentences (test: ConformanceTest, factory: ClientFactory, patience: number): void {
  for (const [name, sentence] of SENTENCES) {
    test(name, async () => {
      const world = new ConformanceWorld(factory, patience)
      try {
        await sentence(world)
      } finally {
        await world.end()
      }
    })
  }
}
