import { createRequire } from 'node:module'
import type { OtelOptions } from '../../../types/index.js'
import type { Broker } from '../../broker/broker.js'
import { FASTSTREAM_ERR_INVALID_OPTION } from '../../errors.js'
import { moduleUrl } from '../../module-url.js'
import type { BrokerFacts } from './attributes.js'
import { measureWithOtel } from './meters.js'
import { Tracing, type OtelApi } from './tracing.js'

const PACKAGE = '@opentelemetry/api'

/** Bundlers leave packages alone that are loaded in this way. All copies of this one share what the app registers. */
const loadInstalled: (name: string) => OtelApi = createRequire(moduleUrl(import.meta.url))

/**
 * Traces and measures a broker with the providers, the propagators and the context manager that the app registers. The
 * function that it returns must be called when the app starts: meters are asked for then.
 *
 * @throws FASTSTREAM_ERR_INVALID_OPTION without the package `@opentelemetry/api`
 */
export function observeWithOtel (broker: Broker, options: OtelOptions, load = loadInstalled): () => void {
  const api = loadApi(load)
  const facts = factsOf(broker)
  new Tracing(api, facts, options).attach(broker.events)
  return () => { measureWithOtel(broker, api, facts) }
}

/** Facts of a broker as they are when they are read. */
function factsOf (broker: Broker): BrokerFacts {
  return {
    get clientId () { return broker.settings.clientId },
    get brokers () { return broker.settings.brokers },
    get clusterId () { return broker.connection?.transport.clusterId?.() }
  }
}

function loadApi (load: (name: string) => OtelApi): OtelApi {
  try {
    return load(PACKAGE)
  } catch (cause) {
    throw new FASTSTREAM_ERR_INVALID_OPTION('otel', `needs the package '${PACKAGE}': install it`, { cause })
  }
}
