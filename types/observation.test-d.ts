import type { FastifyInstance } from 'fastify'
import type { BrokerPressure, FaststreamOptions } from '../index.js'

/* Checked by `tsc`, never run: the load of a broker. */

export function pressure (app: FastifyInstance): boolean {
  const { high, reasons, publishQueue: { fill }, subscribers }: BrokerPressure = app.broker.pressure()
  const [reason] = reasons
  // @ts-expect-error: no such reason
  const isMemory = reason === 'memory'
  // @ts-expect-error: it is told, not set
  app.broker.pressure().high = true
  return high && fill > 0 && subscribers === 'slowed' && !isMemory
}

export const bounds: FaststreamOptions = { pressure: { publishQueue: 0.5, commitAge: 1000, eventLoopDelay: 0 } }
// @ts-expect-error: no such bound
export const wrong: FaststreamOptions = { pressure: { memory: 1 } }
