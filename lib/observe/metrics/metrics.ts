import type { MessageCompletedEvent, MetricsGauge, MetricsOptions, PartitionHealth } from '../../../types/index.js'
import type { Broker } from '../../broker/broker.js'
import { codeOf } from '../../members.js'
import { DEAD_LETTER_STAGES } from '../../message/dead-letter-headers.js'
import type { QueueSettings } from '../../options/settings.js'
import { GroupLabels } from '../group-labels.js'
import { TopicLabels } from '../topic-labels.js'
import { instrumentsOf, type Instruments, type Source } from './instruments.js'

/** ms; an attempt that holds the event loop for longer delays all requests. */
const STALL = 50

/** Reasons of a drain. */
const DRAINS = ['rebalance', 'close']

/** The outcomes as labels. */
const OUTCOMES: { readonly [_ in MessageCompletedEvent['outcome']]: string } = {
  acknowledged: 'acked',
  skipped: 'skipped',
  'dead-lettered': 'dead_lettered',
  forwarded: 'forwarded',
  discarded: 'discarded',
  unsettled: 'unsettled'
}

interface OfSubscriber {
  readonly topic: string
  readonly groupId: string | null
}

/** The labels of one broker. */
class Labels {
  readonly cluster: string
  readonly #topics: TopicLabels
  readonly #groups: GroupLabels

  constructor (broker: Broker) {
    this.cluster = broker.name
    this.#topics = new TopicLabels(broker)
    this.#groups = new GroupLabels(broker)
  }

  of ({ topic, groupId }: OfSubscriber): { cluster: string, topic: string, group: string } {
    return { cluster: this.cluster, topic: this.#topics.of(topic), group: this.#group(groupId) }
  }

  ofPublish (topic: string, outcome: string): { cluster: string, topic: string, outcome: string } {
    return { cluster: this.cluster, topic: this.#topics.of(topic), outcome }
  }

  ofGroup (groupId: string | null, reason: string): { cluster: string, group: string, reason: string } {
    return { cluster: this.cluster, group: this.#group(groupId), reason }
  }

  /** A subscriber without a group has an empty label: all metrics of one name have the same set of labels. */
  #group (groupId: string | null): string {
    return groupId === null ? '' : this.#groups.of(groupId)
  }
}

/**
 * Keeps the metrics of a broker, from its events and its state, until it is closed. The function that it returns must
 * be called once everything is declared.
 */
export function measure (broker: Broker, options: MetricsOptions): () => void {
  const instruments = instrumentsOf(options)
  const labels = new Labels(broker)
  count(broker, labels, instruments)
  const source = sourceOf(broker, labels)
  instruments.sources.add(source)
  broker.whenClosed(() => { instruments.sources.delete(source) })
  return () => { beginAtZero(broker, labels, instruments) }
}

/**
 * Gives the counters of what alerts wait for their first value: Prometheus sees no increase where a counter appears
 * with its first event.
 */
function beginAtZero (
  { registry }: Broker, labels: Labels, { deadLetters, corruptBatches, drainTimeouts }: Instruments
): void {
  for (const { topics, groupId } of registry.subscribers) {
    for (const topic of topics) {
      // Also the text of a pattern.
      const of = { ...labels.of({ topic, groupId }), topic }
      corruptBatches.inc(of, 0)
      for (const stage of DEAD_LETTER_STAGES) deadLetters.inc({ ...of, stage }, 0)
    }
    for (const reason of DRAINS) drainTimeouts.inc(labels.ofGroup(groupId, reason), 0)
  }
}

function count ({ events }: Broker, labels: Labels, instruments: Instruments): void {
  const { processed, processing, inFlight, deadLetters, stalls, corruptBatches, publishing } = instruments
  events.started.on((event) => { inFlight.inc(labels.of(event)) })
  events.ended.on((event) => {
    const of = labels.of(event)
    inFlight.dec(of)
    processing.observe(of, event.duration / 1000)
    if (event.blocked >= STALL) stalls.inc(of)
  })
  events.retried.on((event) => { processed.inc({ ...labels.of(event), outcome: 'retried' }) })
  events.completed.on((event) => {
    const outcome = event.error === undefined ? OUTCOMES[event.outcome] : 'failed'
    processed.inc({ ...labels.of(event), outcome })
  })
  events.deadLettered.on((event) => { deadLetters.inc({ ...labels.of(event), stage: event.stage }) })
  events.partitionStopped.on((event) => {
    // The other reason: an offset that is not in the log.
    if (codeOf(event.error) !== 'FASTSTREAM_ERR_OFFSET_RESET') corruptBatches.inc(labels.of(event))
  })
  events.published.on(({ topic, duration }) => {
    publishing.observe(labels.ofPublish(topic, 'published'), duration / 1000)
  })
  events.publishFailed.on(({ topic, duration }) => {
    publishing.observe(labels.ofPublish(topic, 'failed'), duration / 1000)
  })
  const { rebalances, drainTimeouts } = instruments
  events.rebalanced.on(({ groupId, reason }) => { rebalances.inc(labels.ofGroup(groupId, reason)) })
  events.drainTimedOut.on(({ groupId, reason }) => { drainTimeouts.inc(labels.ofGroup(groupId, reason)) })
}

/** State of a broker. Several brokers of one name, of several apps, add up. */
function sourceOf (broker: Broker, labels: Labels): Source {
  const { cluster } = labels
  const queued = (): QueueSettings => broker.connection?.producer?.queued ?? { messages: 0, bytes: 0 }
  /** Sets the highest value of the partitions that have the same labels: a pattern may find several topics. */
  function setHighest (gauge: MetricsGauge, valueOf: (partition: PartitionHealth) => number | undefined): void {
    const highest = new Map<string, { readonly labels: Record<string, string>, readonly value: number }>()
    for (const { groupId, partitions } of broker.health().subscribers) {
      for (const partition of partitions) {
        const value = valueOf(partition)
        if (value === undefined) continue
        const each = { ...labels.of({ topic: partition.topic, groupId }), partition: String(partition.partition) }
        const name = JSON.stringify(each)
        if (value >= (highest.get(name)?.value ?? 0)) highest.set(name, { labels: each, value })
      }
    }
    for (const { labels, value } of highest.values()) gauge.set(labels, value)
  }
  return {
    queueMessages: (gauge) => { gauge.inc({ cluster }, queued().messages) },
    queueBytes: (gauge) => { gauge.inc({ cluster }, queued().bytes) },
    commitAge: (gauge) => { setHighest(gauge, ({ oldestUnsettledAge }) => oldestUnsettledAge / 1000) },
    lag: (gauge) => { setHighest(gauge, ({ lag }) => lag) }
  }
}
