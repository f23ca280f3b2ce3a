import type { Attributes } from '@opentelemetry/api'
import type { Broker } from '../../broker/broker.js'
import { GroupLabels } from '../group-labels.js'
import { TopicLabels } from '../topic-labels.js'
import { errorType, SEMCONV, serverAttributes, type BrokerFacts } from './attributes.js'
import type { OtelApi } from './tracing.js'

/** Upper bounds that the convention advises, s. */
const BOUNDS = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10]
const DURATION = { unit: 's', advice: { explicitBucketBoundaries: BOUNDS } }
const COUNT = { unit: '{message}' }
const SYSTEM = { 'messaging.system': 'kafka' }
const SEND = { ...SYSTEM, 'messaging.operation.name': 'send', 'messaging.operation.type': 'send' }
const PROCESS = { ...SYSTEM, 'messaging.operation.name': 'process', 'messaging.operation.type': 'process' }

interface OfSubscriber {
  readonly topic: string
  readonly groupId: string | null
}

/**
 * Keeps the metrics of the semantic conventions for messaging, from the events of a broker. Without a meter provider no
 * event has a listener.
 * https://github.com/open-telemetry/semantic-conventions/blob/v1.44.0/docs/messaging/messaging-metrics.md
 */
export function measureWithOtel (broker: Broker, { metrics, createNoopMeter }: OtelApi, facts: BrokerFacts): void {
  const schemaUrl = `https://opentelemetry.io/schemas/${SEMCONV}`
  const meter = metrics.getMeter('fastify-faststream', undefined, { schemaUrl })
  if (meter === createNoopMeter()) return
  const operation = meter.createHistogram('messaging.client.operation.duration', DURATION)
  const sent = meter.createCounter('messaging.client.sent.messages', COUNT)
  const consumed = meter.createCounter('messaging.client.consumed.messages', COUNT)
  const processing = meter.createHistogram('messaging.process.duration', DURATION)
  const labels = new TopicLabels(broker)
  const groups = new GroupLabels(broker)
  let server: Attributes | undefined
  /** Known when the first message comes, because the app may choose a cluster before. */
  function serverOf (): Attributes {
    server ??= serverAttributes(facts.brokers)
    return server
  }

  function ofSend (topic: string, error?: Error): Attributes {
    return Object.assign({ 'messaging.destination.name': labels.of(topic) }, SEND, serverOf(), ofError(error))
  }

  function ofProcess ({ topic, groupId }: OfSubscriber, error?: Error): Attributes {
    const group = groupId === null ? undefined : { 'messaging.consumer.group.name': groups.of(groupId) }
    const destination = { 'messaging.destination.name': labels.of(topic) }
    return Object.assign(destination, PROCESS, serverOf(), group, ofError(error))
  }

  const { events } = broker
  events.published.on(({ topic, duration }) => {
    operation.record(duration / 1000, ofSend(topic))
    sent.add(1, ofSend(topic))
  })
  events.publishFailed.on(({ topic, duration, error }) => {
    operation.record(duration / 1000, ofSend(topic, error))
    sent.add(1, ofSend(topic, error))
  })
  events.started.on((event) => { if (event.attempt === 1) consumed.add(1, ofProcess(event)) })
  events.ended.on((event) => {
    processing.record(event.duration / 1000, ofProcess(event, event.outcome === 'failed' ? event.error : undefined))
  })
}

function ofError (error: Error | undefined): Attributes | undefined {
  return error && { 'error.type': errorType(error) }
}
