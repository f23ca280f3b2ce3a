import { NodeTracerProvider, SimpleSpanProcessor, type SpanExporter } from '@opentelemetry/sdk-trace-node'

/** Registers an SDK of OpenTelemetry. Call it before the app is built. In production use a `BatchSpanProcessor`. */
export function startTracing (exporter: SpanExporter): NodeTracerProvider {
  const provider = new NodeTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] })
  provider.register()
  return provider
}
