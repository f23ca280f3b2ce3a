import type { OtelOptions } from '../../../types/index.js'
import type { Broker } from '../../broker/broker.js'
import { FASTSTREAM_ERR_INVALID_OPTION } from '../../errors.js'
import { Tracing, type OtelApi } from './tracing.js'

/**
 * Traces a broker with the tracer provider, the propagators and the context manager that the app has registered.
 *
 * @throws FASTSTREAM_ERR_INVALID_OPTION without the package `@opentelemetry/api`
 */
export async function traceWithOtel (
  broker: Broker, options: OtelOptions, load: () => Promise<OtelApi> = loadApi
): Promise<void> {
  const api = await load().catch((cause) => {
    throw new FASTSTREAM_ERR_INVALID_OPTION('otel', "needs the package '@opentelemetry/api': install it", { cause })
  })
  new Tracing(api, () => broker.settings, options).attach(broker.events)
}

async function loadApi (): Promise<OtelApi> {
  return await import('@opentelemetry/api')
}
