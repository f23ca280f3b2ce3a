import { context, propagation, SpanKind, trace } from '@opentelemetry/api'
import { InMemorySpanExporter, NodeTracerProvider, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-node'
import type { Test } from 'tap'

/** Registers an SDK of OpenTelemetry, as an app does before it starts, until the test ends. Collects spans. */
export function collectSpans (t: Test) {
  const exporter = new InMemorySpanExporter()
  const provider = new NodeTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] })
  provider.register()
  t.teardown(async () => {
    await provider.shutdown()
    for (const api of [trace, context, propagation]) api.disable()
  })

  /** The finished spans, their relations by name: `parent`, `links`, and `trace`, a number from 0 on. */
  function spans () {
    const finished = exporter.getFinishedSpans()
    const names = new Map(finished.map((span) => [span.spanContext().spanId, span.name]))
    const traces = [...new Set(finished.map((span) => span.spanContext().traceId))]
    const nameOf = (id: string): string => names.get(id) ?? id
    return finished.map((span) => ({
      name: span.name,
      kind: SpanKind[span.kind],
      trace: traces.indexOf(span.spanContext().traceId),
      parent: span.parentSpanContext && nameOf(span.parentSpanContext.spanId),
      links: span.links.map((link) => nameOf(link.context.spanId)),
      linkAttributes: span.links.map(({ attributes = {} }) => attributes),
      attributes: span.attributes,
      status: span.status,
      events: span.events.map(({ name }) => name),
      id: span.spanContext().spanId
    }))
  }

  return { spans, reset: () => { exporter.reset() } }
}
