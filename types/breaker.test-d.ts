import type { FastifyInstance } from 'fastify'
import type { BreakerHealth, BreakerOptions, FaststreamChannels, InheritedOptions } from '../index.js'

declare const app: FastifyInstance

const breaker: BreakerOptions = { window: 60_000, ratio: 0.8, minimum: 20 }
app.broker.subscriber('orders', { breaker }, () => {})
app.broker.subscriber('orders', { breaker: false }, () => {})
export const options: InheritedOptions = { breaker: { minimum: undefined } }

// @ts-expect-error a breaker is switched off by false, and on by itself
app.broker.subscriber('orders', { breaker: true }, () => {})
// @ts-expect-error there is no such member
app.broker.subscriber('orders', { breaker: { threshold: 5 } }, () => {})

export const health: BreakerHealth | undefined = app.broker.health().subscribers[0]?.breaker
export const error: string | undefined = health?.error

export function tell (event: FaststreamChannels['faststream.breaker.opened']): [string, Error] {
  // @ts-expect-error the breaker is of a subscriber, not of one message
  event.offset.toString()
  return [event.errorClass, event.error]
}
