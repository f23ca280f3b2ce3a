import type { Dependency, PublishOptions, RecordMetadata } from '../../types/index.js'
import { PublisherHandle } from '../broker/handles.js'
import { namesOf } from '../broker/plan.js'
import { FASTSTREAM_ERR_ASSERTION, FASTSTREAM_ERR_INVALID_OPTION } from '../errors.js'
import { noSurplus, onlyKnown, yesOrNo } from '../options/assert.js'
import type { TestBroker } from './api.js'
import type { PublishedRecord } from './published.js'
import { brokersOfAll, testBroker } from './test-broker.js'
import { declarationsOf, nameOf } from './targets.js'
import type { Tester, TesterOptions } from './tester-types.js'
import type { TestedApps } from './types.js'

const SEVERAL = 'must have one topic to be mirrored: use tester.produce for each of its topics'

/**
 * Puts apps on a test broker, and makes a mirror of each: for each topic that they consume a function that produces
 * to it, for each topic that they produce to a function that consumes the next message. FastKafka: `Tester`.
 *
 * @throws the errors of {@link testBroker}
 * @example
 * const tester = await createTester(app)
 * await tester.produce.orders({ id: '1', total: 9 })
 * const { value } = await tester.consume.invoices({ timeout: 1000 })
 */
export async function createTester<const D extends ReadonlyArray<Dependency<unknown>> = []> (
  app: TestedApps, options: TesterOptions<D> = {}
): Promise<Tester> {
  noSurplus('createTester(app, options)', arguments, 2)
  const { useInMemoryBroker, ...others } = options
  if (useInMemoryBroker !== undefined) yesOrNo('useInMemoryBroker', useInMemoryBroker)
  const transport = useInMemoryBroker === undefined ? options.transport : useInMemoryBroker ? 'memory' : 'kafkajs'
  const broker = await testBroker(app, { ...others, transport })
  const brokers = brokersOfAll([app].flat())
  const consumed = new Set(brokers.flatMap(({ registry }) => registry.subscribers.flatMap(namesOf)))
  const produced = new Set(brokers.flatMap(({ registry }) => registry.writtenTopics))
  const consumes = new Map(Array.from(produced, (topic) => [topic, consumerOf(broker, topic)] as const))

  function mirror (target: unknown, ...surplus: unknown[]): unknown {
    noSurplus('mirror(subscriber)', surplus)
    if (PublisherHandle.isHandle(target)) return consumes.get(target.topic)
    const declarations = declarationsOf(brokers, target)
    const topics = new Set(brokers.flatMap(({ registry }) => registry.subscribers
      .filter(({ declaration }) => declarations.includes(declaration))
      .flatMap(namesOf)))
    const [topic] = topics
    if (topic !== undefined && topics.size === 1) return producerOf(broker, topic)
    throw new FASTSTREAM_ERR_INVALID_OPTION('subscriber', `${SEVERAL} (${nameOf(declarations)})`)
  }

  return Object.assign(broker, {
    produce: Object.fromEntries(Array.from(consumed, (topic) => [topic, producerOf(broker, topic)])),
    consume: Object.fromEntries(consumes),
    mirror
  }) as Tester
}

function producerOf ({ publish }: TestBroker, topic: string) {
  return async (value: unknown, options?: PublishOptions, ...surplus: unknown[]): Promise<RecordMetadata> => {
    noSurplus(`produce.${topic}(value, options)`, surplus)
    return await publish(topic, value, options)
  }
}

/** Each call consumes one message. */
function consumerOf (broker: TestBroker, topic: string) {
  let consumed = 0
  return async (options: { timeout?: number | undefined } = {}, ...surplus: unknown[]): Promise<PublishedRecord> => {
    noSurplus(`consume.${topic}(options)`, surplus)
    onlyKnown('', options, ['timeout'])
    const next = consumed++
    try {
      return await broker.eventually(() => {
        const published = broker.published(topic)
        const record = published[next]
        if (record !== undefined) return record
        const reason = `'${topic}' has ${published.length} messages, and message ${next + 1} was awaited`
        throw new FASTSTREAM_ERR_ASSERTION(reason)
      }, options)
    } catch (error) {
      consumed--
      throw error
    }
  }
}
