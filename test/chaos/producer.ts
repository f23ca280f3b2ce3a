import { setTimeout as sleep } from 'node:timers/promises'
import Fastify from 'fastify'
import faststreamPlugin from 'fastify-faststream'
import { Kafka, logLevel, Partitioners } from 'kafkajs'
import type { Place, Published } from './history.js'
import type { Mode } from './options.js'
import { now } from './time.js'
import type { Load } from './workload.js'

export interface Sender {
  /** Resolves with where the message is; rejects with `outcome: 'not-sent'` when it certainly is not in the log. */
  send (load: Load): Promise<Place>
  close (): Promise<void>
}

export function createSender (mode: Mode, brokers: readonly string[], topic: string): Promise<Sender> {
  return mode === 'ours' ? createOurs(brokers, topic) : createNaive(brokers, topic)
}

async function createOurs (brokers: readonly string[], topic: string): Promise<Sender> {
  const app = Fastify()
  await app.register(faststreamPlugin, { brokers: [...brokers], clientId: 'producer' })
  await app.ready()
  return {
    async send ({ key, value, headers }) {
      const { partition, offset } = await app.broker.publish(topic, value, { key, headers })
      return { partition, offset: Number(offset) }
    },
    close: () => app.close()
  }
}

async function createNaive (brokers: readonly string[], topic: string): Promise<Sender> {
  const producer = new Kafka({
    brokers: [...brokers], clientId: 'producer', logLevel: logLevel.NOTHING
  }).producer({ createPartitioner: Partitioners.DefaultPartitioner })
  await producer.connect()
  return {
    async send ({ key, value, headers }) {
      const [row] = await producer.send({
        topic, messages: [{ key, value, headers: headers as Record<string, string> }]
      })
      return { partition: row?.partition ?? -1, offset: Number(row?.baseOffset) }
    },
    close: () => producer.disconnect()
  }
}

const TICK = 20
/** A cluster that is away does not make the harness publish into a full queue. */
const MAX_PENDING = 2000

/**
 * Sends `rate` messages a second, without waiting for one before the next, until `enough`; resolves when all outcomes
 * are known.
 */
export async function produce (
  sender: Sender, loads: Iterator<Load, never>, rate: number, enough: (sent: number) => boolean
): Promise<Published[]> {
  const published: Published[] = []
  const pending = new Set<Promise<void>>()
  let sent = 0
  let due = 0
  let last = now()

  function send (load: Load): void {
    const { id, key, seq, verdict } = load
    const at = now()
    const sending = sender.send(load)
      .then(({ partition, offset }) => {
        published.push({ id, key, seq, verdict, at, outcome: 'ok', partition, offset })
      },
      (error) => { published.push({ id, key, seq, verdict, at, outcome: isNotSent(error) ? 'fail' : 'unknown' }) })
      .finally(() => { pending.delete(sending) })
    pending.add(sending)
  }

  while (!enough(sent)) {
    await sleep(TICK)
    // What could not be sent during an outage is not made up for in one moment.
    due = Math.min(due + (now() - last) * rate / 1000, rate)
    last = now()
    for (; due >= 1 && pending.size < MAX_PENDING; due--, sent++) send(loads.next().value)
  }
  await Promise.all(pending)
  return published
}

function isNotSent (error: { readonly outcome?: unknown, readonly code?: unknown }): boolean {
  return error.outcome === 'not-sent' || error.code === 'FASTSTREAM_ERR_PUBLISH_QUEUE_FULL'
}
