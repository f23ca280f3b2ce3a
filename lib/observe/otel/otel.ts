import type { OtelOptions } from '../../../types/index.js'
import type { Broker } from '../../broker/broker.js'
import { FASTSTREAM_ERR_INVALID_OPTION } from '../../errors.js'
import { measureWithOtel } from './meters.js'
import { Tracing, type OtelApi } from './tracing.js'

/**
 * Traces and measures a broker with the providers, the propagators and the context manager that the app has registered.
 *
 * @throws FASTSTREAM_ERR_INVALID_OPTION without the package `@opentelemetry/api`
 */
export async function observeWithOtel (
  broker: Broker, options: OtelOptions, load: () => Promise<OtelApi> = loadApi
): Promise<void> {
  const api = await load().catch((cause) => {
    throw new FASTSTREAM_ERR_INVALID_OPTION('otel', "needs the package '@opentelemetry/api': install it", { cause })
  })
  new Tracing(api, () => broker.settings, options).attach(broker.events)
  measureWithOtel(broker, api)
}

async function loadApi (): Promise<OtelApi> {
  return await import('@opentelemetry/api')
}
