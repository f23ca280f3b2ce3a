import type { FastifyInstance } from 'fastify'
import { faststreamPlugin } from '../../index.js'
import { Inbox } from '../support/inbox.js'

/** Options behind `--`. */
export interface Options {
  readonly brokers: string
  readonly topic: string
  readonly group: string
}

/** The state of the app that runs, which the commands have in common with it: they run in the same process. */
export const state = { isBroken: true, orders: new Inbox<unknown>(), others: new Inbox<unknown>() }

const value = { type: 'object', required: ['id'], properties: { id: { type: 'number' } } } as const

/** The app of the runbook: what is `app.js` there. */
export default async function shop (app: FastifyInstance, { brokers, topic, group }: Options): Promise<void> {
  await app.register(faststreamPlugin, {
    brokers: brokers.split(','), groupId: group, topicConfig: { partitions: 1 }, retry: { retries: 0 }
  })
  app.broker.subscriber(topic, { schema: { value } }, async function takeOrder (order) {
    if (state.isBroken) throw Object.assign(new Error('no stock'), { code: 'E_STOCK' })
    state.orders.add(order)
  })
  app.broker.subscriber(topic, { groupId: `${group}-other`, deadLetter: false }, async function look (order) {
    state.others.add(order)
  })
}
