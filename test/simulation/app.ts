import type { Environment } from '../../lib/consume/environment.js'
import { Group } from '../../lib/consume/group/group.js'
import { CONSUMER } from '../../lib/options/consumer-options.js'
import type { Delivery } from '../../lib/consume/pipeline/delivery.js'
import { Pipeline } from '../../lib/consume/pipeline/pipeline.js'
import type { SubscriberPlan } from '../../lib/consume/pipeline/subscriber-plan.js'
import { sleep } from '../../lib/clock.js'
import type { Log } from '../../lib/log.js'
import type { Outgoing, Sender } from '../../lib/message/outgoing.js'
import { Producer } from '../../lib/produce/producer.js'
import { isWithdrawn } from '../../lib/produce/send-order.js'
import { createKafkaTransport } from '../../lib/transport/kafka/index.js'
import type { Transport } from '../../lib/transport/transport.js'
import { environmentOf } from '../support/environment.js'
import { ATTEMPTS } from './judge.js'
import type { Process } from './process.js'
import type { Setting } from './setting.js'
import type { World } from './world.js'
import type { Order } from './workload.js'

export const GROUP = 'g'
export const TOPIC = 'orders'
export const SIDE = 'side'
export const LETTERS = 'orders.dlq'
export const RESULTS = 'results'

/** Whether the handler of a message returns a result: some have none. */
export const hasResult = (seq: number): boolean => seq % 5 > 0

const DRAIN = 9000
const { sessionTimeout: { default: sessionTimeout }, rebalanceTimeout: { default: rebalanceTimeout } } = CONSUMER
const TIMEOUTS = { sessionTimeout, rebalanceTimeout }
const REVOKE_DRAIN = 10_000
const QUEUE = { messages: 10_000, bytes: 64 * 2 ** 20 }

/** The whole client and the real core in one simulated process, without Fastify. */
export class App {
  readonly process: Process
  readonly #world: World
  readonly #log: Log
  readonly #environment: Environment
  #transport!: Transport
  #producer!: Producer
  #group: Group | undefined
  #state: 'running' | 'stopping' | 'stopped' = 'running'

  /** Given on to the process that replaces this one. */
  readonly slot: number

  constructor (world: World, name: string, slot: number) {
    this.#world = world
    this.slot = slot
    this.process = world.process(name)
    this.#log = world.logOf(name)
    this.#environment = environmentOf(this.process.environment.clock, this.#log)
    this.#connect()
  }

  get name (): string {
    return this.process.name
  }

  /** It is there for good, as far as it knows. */
  get isRunning (): boolean {
    return this.#state === 'running' && this.process.isAlive
  }

  get producer (): Producer {
    return this.#producer
  }

  /** As a plugin does when its app becomes ready; an orchestrator starts again what could not start. */
  async start (): Promise<void> {
    while (this.#state === 'running') {
      try {
        await this.#transport.connect()
        await this.#consume()
        return
      } catch (err) {
        this.#log.warn({ err }, 'could not start')
        await this.#group?.close(1)
        await this.#close()
        await this.pause(1000)
        if (this.#state === 'running') this.#connect()
      }
    }
  }

  /** SIGTERM. */
  async stop (): Promise<void> {
    this.#state = 'stopping'
    await this.#group?.close(DRAIN)
    await this.#close()
    this.#state = 'stopped'
    this.process.kill()
  }

  kill (): void {
    this.#state = 'stopped'
    this.process.kill()
  }

  async pause (ms: number): Promise<void> {
    await sleep(this.process.environment.clock, ms, new AbortController().signal)
  }

  #connect (): void {
    const { network, cluster, random, setting: { resultDeadline: deadline } } = this.#world
    const options = {
      name: 'simulated', brokers: random.shuffled(cluster.addresses), connectTimeout: 9000, log: this.#log
    }
    this.#transport = createKafkaTransport(options, network.wire(this.process), this.process.environment)
    this.#producer = new Producer(this.#transport.producer(), { deadline, queue: QUEUE }, this.#environment)
  }

  async #close (): Promise<void> {
    await this.#producer.close()
    await this.#transport.close()
  }

  async #consume (): Promise<void> {
    const { setting } = this.#world
    const topics = setting.side ? [TOPIC, SIDE] : [TOPIC]
    const pipelines = topics.map((topic) => new Pipeline(this.#plan(topic, setting), this.#producer, this.#environment))
    const consumer = {
      ...setting.isStatic ? { groupInstanceId: `slot-${this.slot}` } : {},
      groupId: GROUP,
      topics,
      offsetReset: setting.offsetReset,
      ...TIMEOUTS
    }
    const settings = {
      buffer: { messages: setting.buffer, bytes: 8 * 2 ** 20 },
      commit: { interval: 1000, count: 500 },
      revokeDrain: REVOKE_DRAIN,
      ...TIMEOUTS
    }
    this.#group = new Group(
      GROUP, pipelines, (listener) => this.#transport.consumer(consumer, listener), { ...this.#environment, settings }
    )
    await this.#group.start()
    this.#group.dispatch()
  }

  #plan (
    topic: string, { concurrency, ordering, results }: Setting
  ): SubscriberPlan<{ order: Order, delivery: Delivery }> {
    const sender: Sender = {
      send: (outgoing, { wait, queued, order } = {}) => {
        const published = this.#producer.publish(outgoing, wait, queued, order)
        published.catch((err) => { if (isWithdrawn(err)) this.#world.withdrawn++ })
        return published
      }
    }
    return {
      name: topic,
      topics: [topic],
      groupId: GROUP,
      concurrency,
      ordering,
      ackPolicy: 'REJECT_ON_ERROR',
      breaker: false,
      handlerTimeout: 60_000,
      bodyLimit: 1_048_588,
      messageLogLevel: 'silent',
      retry: { retries: ATTEMPTS - 1, delay: 20, factor: 2, maxDelay: 200, jitter: 0.2, retryOn: () => true },
      deadLetterTopic: (topic) => topic === TOPIC ? LETTERS : undefined,
      isDeadLetterOf: () => false,
      writtenTopics: () => [LETTERS],
      decode: (delivery) => ({ order: JSON.parse(String(delivery.record.value)) as Order, delivery }),
      overlaps: results && topic === TOPIC,
      handle: async (message) => {
        await this.#handle(message)
        return results && topic === TOPIC && hasResult(message.order.seq) ? true : undefined
      },
      release: () => undefined,
      prepare: (_, message) => [{ sender, outgoing: this.#resultOf(message) }]
    }
  }

  /** What is handled one after the other goes to two partitions. */
  #resultOf (
    { order: { key, seq }, delivery: { partition, record: { offset } } }: { order: Order, delivery: Delivery }
  ): Outgoing {
    const value = Buffer.from(JSON.stringify({ id: `${key}:${seq}`, partition, offset: Number(offset) }))
    const timestamp = this.process.environment.clock.now()
    return { topic: RESULTS, partition: seq % 2, key: Buffer.from(key), value, headers: [], timestamp }
  }

  async #handle (
    { order, delivery: { topic, partition, record: { offset }, attempt } }: { order: Order, delivery: Delivery }
  ): Promise<void> {
    const { scheduler, effects, sideEffects, trace } = this.#world
    const { key, seq, work, failures } = order
    const id = `${key}:${seq}`
    const effect = {
      id,
      partition,
      offset: Number(offset),
      by: this.name,
      done: attempt > failures,
      start: scheduler.now,
      end: Infinity
    }
    trace.note(`${this.name} handles ${topic} ${id} at ${partition}@${offset}`)
    // Of a process that is killed meanwhile it is not known that it began.
    await this.pause(work)
    trace.note(`${this.name} has handled ${topic} ${id} at ${partition}@${offset}`)
    if (topic === TOPIC) effects.push({ ...effect, end: scheduler.now })
    else sideEffects.add(id)
    if (!effect.done) throw new Error('the database is away')
  }
}
