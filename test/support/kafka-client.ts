import type { Test } from 'tap'
import { Cluster } from '../../lib/transport/kafka/cluster/cluster.js'
import { TopicMetadata } from '../../lib/transport/kafka/cluster/topic-metadata.js'
import type { Environment } from '../../lib/transport/kafka/environment.js'
import type { TransportLog } from '../../lib/transport/transport.js'
import type { FakeWire } from './fake-wire.js'
import { ManualClock } from './manual-clock.js'

export interface ManualEnvironment extends Environment {
  readonly clock: ManualClock
}

/** Time stands still, and chance is none. */
export function manualEnvironment (): ManualEnvironment {
  const clock = new ManualClock()
  return { clock, random: () => 0.5 }
}

export interface Client {
  readonly cluster: Cluster
  readonly metadata: TopicMetadata
  /** Lets the client learn about topics. */
  learn (...topics: string[]): Promise<void>
}

const OPTIONS = { brokers: ['a:1'], connectTimeout: 9000, requestTimeout: 5000 }

/** A client of nodes that are a test's own, `a:1` first. */
export function clientOf (
  t: Pick<Test, 'teardown'>, wire: FakeWire, environment: Environment, options: Partial<typeof OPTIONS> = {}
): Client {
  const cluster = new Cluster({ ...OPTIONS, ...options }, wire, environment)
  const metadata = new TopicMetadata(cluster, OPTIONS)
  t.teardown(() => { cluster.close() })
  return {
    cluster, metadata, learn: (...topics) => cluster.until(5000, (operation) => metadata.refresh(operation, topics))
  }
}

export const SILENT: TransportLog = { debug () {}, info () {}, warn () {}, error () {} }

/** Asserts that `work` rejects with an error that matches, by any of its members. */
export async function rejects (t: Pick<Test, 'match'>, work: Promise<unknown>, expected: object): Promise<void> {
  t.match(await work.then(() => 'it resolved', (error: unknown) => error), expected)
}
