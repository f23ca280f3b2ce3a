import { setImmediate } from 'node:timers/promises'
import type { MemoryCluster } from '../../lib/transport/memory/index.js'
import { createMemoryTransport, type MemoryTransport } from '../../lib/transport/memory/index.js'

/** Turns of the event loop between what the cluster has done and its answer. */
const TURNS = 20

type Request = 'connect' | 'describe' | 'create' | 'start' | 'subscribe' | 'commit' | 'leave' | 'count' | 'send' |
  'close producer' | 'close'

/** A memory transport that answers late, and what it has been asked. */
export interface LateTransport extends MemoryTransport {
  /** Requests that the cluster has carried out and not answered yet. */
  readonly unanswered: readonly Request[]
  /** Each request twice: `commit` when it is carried out, `commit answered` later. */
  readonly events: readonly string[]
}

/**
 * The memory transport with the answers of a cluster that is far away: whatever is asked for happens at once, and its
 * promise settles many turns of the event loop later. Code that does not wait for an answer goes on too early here.
 */
export function createLateTransport (cluster: MemoryCluster): LateTransport {
  const transport = createMemoryTransport({ cluster })
  const unanswered: Request[] = []
  const events: string[] = []

  async function late<T> (request: Request, work: () => T | Promise<T>): Promise<T> {
    unanswered.push(request)
    events.push(request)
    try {
      return await work()
    } finally {
      for (let turn = 0; turn < TURNS; turn++) await setImmediate()
      unanswered.splice(unanswered.indexOf(request), 1)
      events.push(`${request} answered`)
    }
  }

  return {
    name: 'late memory',
    unanswered,
    events,
    connect: (...args) => late('connect', () => transport.connect(...args)),
    describeTopics: (...args) => late('describe', () => transport.describeTopics(...args)),
    createTopics: (...args) => late('create', () => transport.createTopics(...args)),
    close: () => late('close', () => transport.close()),
    consumer (...args) {
      const consumer = transport.consumer(...args)
      const { start, subscribe, commit, close } = consumer
      return Object.assign(consumer, {
        start: () => late('start', () => start.call(consumer)),
        subscribe: (...args: Parameters<typeof subscribe>) => late('subscribe', () => subscribe.apply(consumer, args)),
        commit: (...args: Parameters<typeof commit>) => late('commit', () => commit.apply(consumer, args)),
        close: () => late('leave', () => close.call(consumer))
      })
    },
    producer () {
      const producer = transport.producer()
      return {
        partitionCount: (topic) => late('count', () => producer.partitionCount(topic)),
        send: (...args) => late('send', () => producer.send(...args)),
        close: () => late('close producer', () => producer.close())
      }
    }
  }
}
