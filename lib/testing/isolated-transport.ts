import type {
  ConsumerListener, ConsumerOptions, TopicPartition, Transport, TransportConsumer, TransportProducer
} from '../transport/transport.js'

/** Names on a shared cluster that belong to one run of a test. */
export class Isolation {
  /** Topics and groups that the run has used, by their names on the cluster. */
  readonly topics = new Set<string>()
  readonly groups = new Set<string>()
  readonly #prefix: string

  constructor (prefix: string) {
    this.#prefix = prefix
  }

  topic (topic: string): string {
    const name = this.#prefix + topic
    this.topics.add(name)
    return name
  }

  group (groupId: string): string {
    const name = this.#prefix + groupId
    this.groups.add(name)
    return name
  }

  /** The name that the app knows; undefined for a topic of others. */
  own (name: string): string | undefined {
    return name.startsWith(this.#prefix) ? name.slice(this.#prefix.length) : undefined
  }
}

/** A transport whose topics and groups have other names on the cluster, so that runs do not meet each other. */
export function isolatedTransport (transport: Transport, isolation: Isolation): Transport {
  const { name, clusterId, ping, checkRights } = transport
  const named = <T extends { readonly topic: string }>(each: T): T => ({ ...each, topic: isolation.topic(each.topic) })
  return {
    name,
    ...clusterId && { clusterId: () => clusterId.call(transport) },
    connect: (...args) => transport.connect(...args),
    ...ping && { ping: (deadline) => ping.call(transport, deadline) },
    async describeTopics (topics) {
      const counts = await transport.describeTopics(topics.map((topic) => isolation.topic(topic)))
      return new Map(Array.from(counts, ([topic, count]) => [isolation.own(topic) ?? topic, count]))
    },
    createTopics: (topics) => transport.createTopics(topics.map(named)),
    ...checkRights && {
      checkRights: ({ read, write, groups }) => checkRights.call(transport, {
        read: read.map((topic) => isolation.topic(topic)),
        write: write.map((topic) => isolation.topic(topic)),
        groups: groups.map((groupId) => isolation.group(groupId))
      })
    },
    consumer: (options, listener) => {
      const consumer = transport.consumer(isolatedOptions(options, isolation), own(listener, isolation))
      return isolatedConsumer(consumer, isolation)
    },
    producer: () => isolatedProducer(transport.producer(), isolation, named),
    close: () => transport.close()
  }
}

function isolatedProducer (
  producer: TransportProducer, isolation: Isolation, named: <T extends { readonly topic: string }>(each: T) => T
): TransportProducer {
  return {
    partitionCount: (topic) => producer.partitionCount(isolation.topic(topic)),
    send: (records, deadline) => producer.send(records.map(named), deadline),
    close: () => producer.close()
  }
}

function isolatedOptions (options: ConsumerOptions, isolation: Isolation): ConsumerOptions {
  const { groupId, positions } = options
  return {
    ...options,
    groupId: groupId === null ? null : isolation.group(groupId),
    topics: isolatedTopics(options.topics, isolation),
    ...positions && { positions: positions.map((each) => ({ ...each, topic: isolation.topic(each.topic) })) }
  }
}

function isolatedTopics (topics: ConsumerOptions['topics'], isolation: Isolation): ConsumerOptions['topics'] {
  return [topics].flat().map((each) => {
    if (typeof each === 'string') return isolation.topic(each)
    return (name: string) => {
      const topic = isolation.own(name)
      return topic !== undefined && each(topic)
    }
  })
}

/** A listener that knows the names of the app. */
function own (listener: ConsumerListener, isolation: Isolation): ConsumerListener {
  const topic = (name: string): string => isolation.own(name) ?? name
  return {
    assigned: (partitions) => { listener.assigned(partitions.map((each) => ({ ...each, topic: topic(each.topic) }))) },
    revoking: () => listener.revoking(),
    lost: () => { listener.lost() },
    records: (name, ...args) => { listener.records(topic(name), ...args) },
    stored: (name, ...args) => { listener.stored(topic(name), ...args) },
    corrupt: (name, ...args) => { listener.corrupt(topic(name), ...args) },
    reset: (name, ...args) => { listener.reset(topic(name), ...args) },
    failed: (...args) => { listener.failed(...args) }
  }
}

function isolatedConsumer (consumer: TransportConsumer, isolation: Isolation): TransportConsumer {
  const named = <T extends TopicPartition>(each: T): T => ({ ...each, topic: isolation.topic(each.topic) })
  return {
    start: () => consumer.start(),
    subscribe: (topics, positions) => {
      return consumer.subscribe(isolatedTopics(topics, isolation), positions?.map(named))
    },
    offsets: async (at) => (await consumer.offsets(at)).map((each) => {
      return { ...each, topic: isolation.own(each.topic) ?? each.topic }
    }),
    pause: (partition) => { consumer.pause(named(partition)) },
    resume: (partition) => { consumer.resume(named(partition)) },
    seek: (partition) => { consumer.seek(named(partition)) },
    progress: (partition) => consumer.progress(named(partition)),
    missing: () => consumer.missing().map((name) => isolation.own(name) ?? name),
    get lastContact () { return consumer.lastContact },
    get unreached () { return consumer.unreached },
    commit: (offsets) => consumer.commit(offsets.map(named)),
    stop: () => { consumer.stop() },
    close: () => consumer.close()
  }
}
