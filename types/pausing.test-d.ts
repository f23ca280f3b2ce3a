import type { FastifyInstance } from 'fastify'
import type { Subscriber, SubscriberHealth } from '../index.js'

/* Checked by `tsc`, never run: a subscriber that is paused and resumed. */

export function pausing (app: FastifyInstance): boolean {
  const orders: Subscriber = app.broker.subscriber('orders', () => {})
  const { pause, resume } = orders
  const paused: void = pause()
  resume()
  // @ts-expect-error: there is no time after which it resumes
  pause(1000)
  // @ts-expect-error: it is read, pause() sets it
  orders.isPaused = true
  return orders.isPaused && paused === undefined
}

export const state: SubscriberHealth['state'] = 'paused'
// @ts-expect-error: no such state
export const unknown: SubscriberHealth['state'] = 'sleeping'
