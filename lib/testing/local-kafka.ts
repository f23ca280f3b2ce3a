import { noSurplus } from '../options/assert.js'
import { checkBrokers } from '../options/connection.js'

/**
 * Kafka on this machine, for tests. Made by {@link startLocalKafka}.
 *
 * @example
 * const broker = await testBroker(app, { brokers: kafka.brokers })
 */
export interface LocalKafka {
  /** Addresses, `host:port`, for `testBroker()`, FASTSTREAM_TEST_BROKERS and the option `brokers` of an app. */
  readonly brokers: readonly string[]
  /**
   * Ends the cluster and removes its data. May be called twice. A cluster that KAFKA_BROKERS names goes on.
   *
   * @example
   * t.teardown(() => kafka.stop())
   */
  stop (this: void): Promise<void>
  [Symbol.asyncDispose] (): Promise<void>
}

/**
 * Starts a Kafka of one node on a free port of this machine, with data of its own, and resolves once it serves. It ends
 * with this process at the latest. Java 17 and Maven are needed: Maven gets the jars from Maven Central the first time,
 * and the directory `~/.cache/fastify-faststream/kafka` (or XDG_CACHE_HOME) keeps them. The environment variable
 * KAFKA_VERSION chooses the release, 4.1.2 by default; KAFKA_BROKERS (`host:port`, with commas between several) names a
 * cluster that runs already, and nothing is started. FastKafka: `using_local_kafka`, `LocalKafkaBroker`.
 *
 * @throws FASTSTREAM_ERR_LOCAL_KAFKA when Java or Maven is missing, with what to install, and when the node does not
 *   start, with the end of its log
 * @example
 * await using kafka = await startLocalKafka()
 * await using broker = await testBroker(app, { brokers: kafka.brokers })
 */
export async function startLocalKafka (): Promise<LocalKafka> {
  noSurplus('startLocalKafka()', arguments)
  const { KAFKA_BROKERS } = process.env
  if (KAFKA_BROKERS) return localKafka(checkBrokers('KAFKA_BROKERS', KAFKA_BROKERS), async () => {})
  // Most tests use none.
  const { startNode } = await import('./local-kafka/start.js')
  const { brokers, stop } = await startNode()
  return localKafka(brokers, stop)
}

function localKafka (brokers: readonly string[], stop: () => Promise<void>): LocalKafka {
  return { brokers, stop, [Symbol.asyncDispose]: stop }
}
