import type { Attributes, Link, Span, SpanContext, TextMapGetter, TextMapSetter, Tracer } from '@opentelemetry/api'
import type {
  MessagePlace, MessageProcessContext, MessagePublishContext, OtelOptions, RecordMetadata
} from '../../../types/index.js'
import { boundedError } from '../../bounded-error.js'
import { surround, type Events } from '../../events.js'
import { DEAD_LETTER_PREFIX } from '../../message/dead-letter-headers.js'
import { lastHeader } from '../../message/headers.js'
import { toError } from '../../to-error.js'
import {
  commonAttributes, errorType, processAttributes, SEMCONV, sendAttributes, storedAttributes, type BrokerFacts
} from './attributes.js'

/** The module `@opentelemetry/api`. */
export type OtelApi = typeof import('@opentelemetry/api')

type Headers = MessagePublishContext['headers']

/** No propagator needs the names of all headers. */
const NO_KEYS = (): string[] => []
const RECEIVED: TextMapGetter<MessageProcessContext> = { keys: NO_KEYS, get: ({ header }, name) => header(name) }
const SENT: TextMapGetter<Headers> = { keys: NO_KEYS, get: (headers, name) => lastHeader(headers, name) }
const SETTER: TextMapSetter<Headers> = {
  set (headers, name, value) { headers.push([name, Buffer.from(value)]) }
}
/** Every dead letter has it. */
const STAGE = `${DEAD_LETTER_PREFIX}stage`

/** Makes a span of each attempt and each publish of one broker, and passes their context on in headers. */
export class Tracing {
  readonly #api: OtelApi
  readonly #tracer: Tracer
  readonly #link: boolean
  readonly #facts: () => BrokerFacts
  #common: Attributes | undefined
  /** The last failed attempts of messages that are not completed, by their places. */
  readonly #failed = new Map<string, SpanContext>()

  /** `facts`: known when the first message comes, because the app may choose a cluster before. */
  constructor (api: OtelApi, facts: () => BrokerFacts, { link = false }: OtelOptions) {
    this.#api = api
    const schemaUrl = `https://opentelemetry.io/schemas/${SEMCONV}`
    this.#tracer = api.trace.getTracerProvider().getTracer('fastify-faststream', undefined, { schemaUrl })
    this.#link = link
    this.#facts = facts
  }

  /** Traces the attempts and publishes of the broker that these events are of. */
  attach (events: Events): void {
    surround(events.around, {
      attempt: (context, work) => this.#attempt(context, work),
      publish: (context, work) => this.#publish(context, work)
    })
    events.completed.on((event) => { if (this.#failed.size > 0) this.#failed.delete(nameOf(event)) })
  }

  /** Runs an attempt, which never rejects, in the context of its span: what it publishes are children of that. */
  async #attempt<Result> (context: MessageProcessContext, work: () => Promise<Result>): Promise<Result> {
    const { propagation, trace, ROOT_CONTEXT, context: contexts, SpanKind } = this.#api
    const received = propagation.extract(ROOT_CONTEXT, context, RECEIVED)
    const created = trace.getSpanContext(received)
    const links: Link[] = []
    if (created !== undefined) links.push({ context: created })
    const before = context.attempt === 1 ? undefined : this.#failed.get(nameOf(context))
    if (before !== undefined) links.push({ context: before })
    const attributes = this.#with(processAttributes(context))
    // The baggage stays.
    const parent = this.#link || context.header(STAGE) !== undefined ? trace.deleteSpan(received) : received
    const options = { kind: SpanKind.CONSUMER, attributes, links }
    const span = this.#tracer.startSpan(`process ${context.topic}`, options, parent)
    const result = await contexts.with(trace.setSpan(parent, span), work)
    if (context.outcome !== undefined) span.setAttribute('faststream.outcome', context.outcome)
    if (context.outcome === 'failed') this.#failed.set(nameOf(context), span.spanContext())
    if (context.error !== undefined) this.#fail(span, context.error)
    span.end()
    return result
  }

  /**
   * Takes the context that is active where publish() is called. A message that has one already keeps it (a dead letter,
   * a message that is forwarded, one from an outbox): the span of the send links to that.
   */
  async #publish<Stored extends RecordMetadata> (
    context: MessagePublishContext, work: () => Promise<Stored>
  ): Promise<Stored> {
    const { propagation, trace, ROOT_CONTEXT, context: contexts, SpanKind } = this.#api
    const active = contexts.active()
    const created = trace.getSpanContext(propagation.extract(ROOT_CONTEXT, context.headers, SENT))
    const links: Link[] = created === undefined ? [] : [{ context: created }]
    const attributes = this.#with(sendAttributes(context))
    const span = this.#tracer.startSpan(`send ${context.topic}`, { kind: SpanKind.PRODUCER, attributes, links }, active)
    if (created === undefined) propagation.inject(trace.setSpan(active, span), context.headers, SETTER)
    try {
      const result = await work()
      span.setAttributes(storedAttributes(result))
      span.end()
      return result
    } catch (thrown) {
      this.#fail(span, toError(thrown))
      span.end()
      throw thrown
    }
  }

  #with (attributes: Attributes): Attributes {
    this.#common ??= commonAttributes(this.#facts())
    return { ...this.#common, ...attributes }
  }

  #fail (span: Span, error: Error): void {
    const bounded = boundedError(error)
    span.recordException(bounded)
    span.setAttribute('error.type', errorType(error))
    span.setStatus({ code: this.#api.SpanStatusCode.ERROR, message: bounded.message })
  }
}

/** A message as one subscriber has it. */
function nameOf ({ groupId, subscriber, topic, partition, offset }: MessagePlace): string {
  return JSON.stringify([groupId, subscriber, topic, partition, String(offset)])
}
