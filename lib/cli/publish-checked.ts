import { randomUUID } from 'node:crypto'
import type { FastifyInstance } from 'fastify'
import type { RecordMetadata } from '../../types/index.js'
import { receivable } from '../asyncapi/publish/prepare.js'
import type { Broker } from '../broker/broker.js'
import { NO_SCOPES } from '../middleware/publish-chain.js'

/** A message as it is written in a command. */
export interface Written {
  readonly value: unknown
  readonly key: string | undefined
  readonly headers: Readonly<Record<string, string>>
}

/**
 * Publishes by the first publisher of the topic that takes the message, whatever its scope is; of a topic that the app
 * only reads, for the first subscriber that does. Where none does, the error is that of the first one.
 */
export async function publishChecked (
  app: FastifyInstance, broker: Broker, topic: string, { value, key, headers }: Written
): Promise<RecordMetadata> {
  const options = { headers, ...key !== undefined && { key } }
  const { registry } = broker
  const publishers = registry.publishers.filter((each) => each.topic === topic)
  const subscribers = registry.subscribers.filter(({ declaration }) => broker.reads(declaration, topic))
  if (publishers.length > 0) {
    const publisher = await firstOf(publishers, async ({ declaration }) => {
      const plan = broker.publisherOf(declaration)
      plan.prepare(value, options)
      return plan
    })
    return await publisher.publish(value, options, NO_SCOPES)
  }
  if (subscribers.length === 0) return await broker.publisherFor(app, topic).publish(value, options, NO_SCOPES)
  const draft = { value, key, headers, timestamp: new Date(broker.clock.now()) }
  const circumstances = { correlationId: randomUUID(), signal: new AbortController().signal }
  return await broker.send(await firstOf(subscribers, async ({ declaration }) => (
    await receivable(broker, declaration, topic, draft, circumstances))))
}

/** The first result that is no error; else the first error. */
async function firstOf<Each, Result> (all: readonly Each[], by: (each: Each) => Promise<Result>): Promise<Result> {
  const results = await Promise.allSettled(all.map(by))
  for (const result of results) if (result.status === 'fulfilled') return result.value
  throw (results[0] as PromiseRejectedResult).reason
}
