import type { FaststreamOptions } from '../../types/index.js'
import type { Broker } from '../broker/broker.js'
import { measure } from './metrics/metrics.js'

/** Attaches to a broker what the app asks for. What it does not ask for costs nothing: no event has a listener. */
export function observe (broker: Broker, { metrics }: FaststreamOptions): void {
  if (metrics !== undefined) measure(broker, metrics)
}
