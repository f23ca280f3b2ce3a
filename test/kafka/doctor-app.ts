import type { FastifyInstance } from 'fastify'
import { faststreamPlugin } from '../../index.js'

/** Options behind `--`. */
export interface Options { readonly brokers: string, readonly group: string, readonly topic: string }

export default async function app (app: FastifyInstance, { brokers, group, topic }: Options): Promise<void> {
  await app.register(faststreamPlugin, { brokers, groupId: group, topics: 'verify' })
  app.broker.subscriber(topic, function take () {})
}
