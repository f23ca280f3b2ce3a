import type { Link, Span, SpanContext, TextMapGetter, TextMapSetter, Tracer } from '@opentelemetry/api'
import type {
  MessagePlace, MessageProcessContext, MessagePublishContext, OtelOptions, RecordMetadata, TracedMessage
} from '../../../types/index.js'
import { boundedError } from '../../bounded-error.js'
import { surround, type Events } from '../../events.js'
import { DEAD_LETTER_PREFIX } from '../../message/dead-letter-headers.js'
import { lastHeader } from '../../message/headers.js'
import { REDRIVE_GROUP } from '../../message/redrive-headers.js'
import { toError } from '../../to-error.js'
import {
  errorType, messageAttributes, processAttributes, SEMCONV, sendAttributes, storedAttributes, type BrokerFacts
} from './attributes.js'
import { SharedAttributes } from './shared-attributes.js'

/** The module `@opentelemetry/api`. */
export type OtelApi = typeof import('@opentelemetry/api')

type Headers = MessagePublishContext['headers']
type ReadHeader = TracedMessage['header']

/** No propagator needs the names of all headers. */
const NO_KEYS = (): string[] => []
const RECEIVED: TextMapGetter<ReadHeader> = { keys: NO_KEYS, get: (header, name) => header(name) }
const SENT: TextMapGetter<Headers> = { keys: NO_KEYS, get: (headers, name) => lastHeader(headers, name) }
const SETTER: TextMapSetter<Headers> = {
  set (headers, name, value) { headers.push([name, Buffer.from(value)]) }
}
/** Every dead letter has the first one, and every redriven message the other. */
const OF_LETTERS = [`${DEAD_LETTER_PREFIX}stage`, REDRIVE_GROUP]

/** Makes a span of each attempt and each publish of one broker, and passes their context on in headers. */
export class Tracing {
  readonly #api: OtelApi
  readonly #tracer: Tracer
  readonly #link: boolean
  /** The delegate of a provider without an SDK. */
  readonly #none: unknown
  readonly #attributes: SharedAttributes
  /** The last failed attempts of messages that are not completed, by their places. */
  readonly #failed = new Map<string, SpanContext>()

  /** `facts`: read when messages come, because the app may choose a cluster before. */
  constructor (api: OtelApi, facts: BrokerFacts, { link = false }: OtelOptions) {
    this.#api = api
    this.#none = new api.ProxyTracerProvider().getDelegate()
    const schemaUrl = `https://opentelemetry.io/schemas/${SEMCONV}`
    this.#tracer = api.trace.getTracerProvider().getTracer('fastify-faststream', undefined, { schemaUrl })
    this.#link = link
    this.#attributes = new SharedAttributes(facts)
  }

  /**
   * Traces the attempts and publishes of the broker that these events are of, as soon as there is an SDK or a
   * propagator. Before, spans would be empty objects, so nothing is made.
   */
  attach (events: Events): void {
    const { around } = events
    around.look = () => {
      if (!this.#hasSdk()) return
      around.look = undefined
      surround(around, {
        attempt: (context, work) => this.#attempt(context, work),
        publish: (context, work) => this.#publish(context, work)
      })
      events.completed.on((event) => { if (this.#failed.size > 0) this.#failed.delete(nameOf(event)) })
    }
  }

  #hasSdk (): boolean {
    const { propagation, trace, ProxyTracerProvider } = this.#api
    const provider = trace.getTracerProvider()
    return propagation.fields().length > 0 ||
      !(provider instanceof ProxyTracerProvider) || provider.getDelegate() !== this.#none
  }

  /** Runs an attempt, which never rejects, in the context of its span: what it publishes are children of that. */
  async #attempt<Result> (context: MessageProcessContext, work: () => Promise<Result>): Promise<Result> {
    const { propagation, trace, context: contexts, ROOT_CONTEXT, SpanKind } = this.#api
    const { batch, header } = context
    // A batch has the contexts of many messages, so it is the child of none.
    const received = batch === undefined ? propagation.extract(ROOT_CONTEXT, header, RECEIVED) : ROOT_CONTEXT
    const created = batch === undefined ? linksTo(trace.getSpanContext(received)) : this.#linksToAll(batch)
    const links = [...created, ...this.#linksToFailed(context)]
    // The baggage stays.
    const isApart = created.length > 0 && (this.#link || isOfLetter(context))
    const parent = isApart ? trace.deleteSpan(received) : received
    const attributes = this.#attributes.ofProcess(context)
    const span = this.#tracer.startSpan(
      `process ${context.topic}`, { kind: SpanKind.CONSUMER, attributes, links }, parent)
    if (span.isRecording()) span.setAttributes(processAttributes(context))
    const result = await contexts.with(trace.setSpan(parent, span), work)
    if (context.outcome !== undefined) span.setAttribute('faststream.outcome', context.outcome)
    if (context.outcome === 'failed') {
      for (const name of namesOf(context)) this.#failed.set(name, span.spanContext())
    }
    if (context.error !== undefined) this.#fail(span, context.error)
    span.end()
    return result
  }

  /** Attributes that differ between messages are at their links. */
  #linksToAll (batch: readonly TracedMessage[]): Link[] {
    return batch.flatMap((message) => {
      return linksTo(this.#spanOf(message.header, RECEIVED)).map((link) => {
        return { ...link, attributes: messageAttributes(message) }
      })
    })
  }

  /** The failed attempt before: messages of a batch may have had several. */
  #linksToFailed (context: MessageProcessContext): Link[] {
    if (context.attempt === 1) return []
    return [...new Set(namesOf(context).map((name) => this.#failed.get(name)))].flatMap(linksTo)
  }

  /** The context that the headers of a message name. */
  #spanOf<Carrier> (carrier: Carrier, getter: TextMapGetter<Carrier>): SpanContext | undefined {
    const { propagation, trace, ROOT_CONTEXT } = this.#api
    return trace.getSpanContext(propagation.extract(ROOT_CONTEXT, carrier, getter))
  }

  /**
   * Takes the context that is active where publish() is called. A message that has one already keeps it (a dead letter,
   * a message that is forwarded, one from an outbox): the span of the send links to that. A reply links to its request.
   */
  async #publish<Stored extends RecordMetadata> (
    context: MessagePublishContext, work: () => Promise<Stored>
  ): Promise<Stored> {
    const { propagation, trace, context: contexts, SpanKind } = this.#api
    const { headers, repliedHeader } = context
    const active = contexts.active()
    const created = this.#spanOf(headers, SENT)
    const request = repliedHeader && this.#spanOf(repliedHeader, RECEIVED)
    const links = [created, request].flatMap(linksTo)
    const attributes = this.#attributes.ofSend(context)
    const span = this.#tracer.startSpan(`send ${context.topic}`, { kind: SpanKind.PRODUCER, attributes, links }, active)
    if (span.isRecording()) span.setAttributes(sendAttributes(context))
    if (created === undefined) propagation.inject(trace.setSpan(active, span), headers, SETTER)
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

  #fail (span: Span, error: Error): void {
    const bounded = boundedError(error)
    span.recordException(bounded)
    span.setAttribute('error.type', errorType(error))
    span.setStatus({ code: this.#api.SpanStatusCode.ERROR, message: bounded.message })
  }
}

function linksTo (context: SpanContext | undefined): Link[] {
  return context === undefined ? [] : [{ context }]
}

/** A dead letter and a redriven message have a story of their own. */
function isOfLetter ({ batch, header }: MessageProcessContext): boolean {
  return batch === undefined && OF_LETTERS.some((name) => header(name) !== undefined)
}

/** The messages of an attempt as their subscriber has them. */
function namesOf (context: MessageProcessContext): string[] {
  return (context.batch ?? [context]).map(({ offset }) => nameOf({ ...context, offset }))
}

/** A message as one subscriber has it. */
function nameOf ({ groupId, subscriber, topic, partition, offset }: MessagePlace): string {
  return JSON.stringify([groupId, subscriber, topic, partition, String(offset)])
}
