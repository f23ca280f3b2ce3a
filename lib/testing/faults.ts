import type { FastifyInstance } from 'fastify'
import type { RecordMetadata } from '../../types/index.js'
import { sleep, type Clock } from '../clock.js'
import { FASTSTREAM_ERR_INVALID_OPTION } from '../errors.js'
import { integer, oneOf, onlyKnown, text } from '../options/assert.js'
import { rootOf } from '../scope.js'
import type { ActiveFault, Fault } from './fault-types.js'
import { placeOf } from './recorded.js'
import { milliseconds } from './virtual-clock.js'

/** Consumer of an app that a fault concerns. */
export interface FaultyConsumer {
  readonly app: FastifyInstance
  reads (topic: string): boolean
  rebalance (): void
  /** Its session expires: it joins again, and what is not settled is redelivered. */
  evict (): void
  /** It dies. */
  crash (): void
}

const STEPS = ['publish', 'commit', 'fetch', 'handler'] as const
export type FaultyStep = typeof STEPS[number]

/** Actions of each step. */
const ACTIONS: Readonly<Record<FaultyStep, readonly string[]>> = {
  publish: ['error', 'delay'],
  commit: ['error', 'delay', 'rebalance', 'crash'],
  fetch: ['error', 'delay', 'rebalance', 'crash'],
  handler: ['error', 'delay', 'redeliver', 'rebalance', 'crash']
}
const ALL_ACTIONS = ACTIONS.handler

/** A fault as it happens. */
export interface Happening {
  readonly error: Error | undefined
  /** ms */
  readonly delay: number | undefined
  readonly act: 'redeliver' | 'rebalance' | 'crash' | undefined
}

/** Where a handler runs. */
interface Place {
  readonly app: FastifyInstance
  readonly topic: string
}

interface Declared extends Happening {
  readonly on: FaultyStep
  readonly topic: string | undefined
  left: number
}

/** Faults that a test has declared, and the consumers that they concern. */
export class Faults {
  readonly clock: Clock
  readonly #declared = new Set<Declared>()
  readonly #consumers = new Set<FaultyConsumer>()
  /** Places of the messages that were delivered once, while each is delivered twice. */
  #delivered: Set<string> | undefined

  constructor (clock: Clock) {
    this.clock = clock
  }

  /** @throws FASTSTREAM_ERR_INVALID_OPTION */
  declare (fault: Fault): ActiveFault {
    const { times, ...declared } = checked(fault)
    const active: Declared = { ...declared, left: times }
    this.#declared.add(active)
    return {
      get happened () { return times - active.left },
      end: () => { this.#declared.delete(active) }
    }
  }

  addConsumer (consumer: FaultyConsumer): void {
    this.#consumers.add(consumer)
  }

  /** The fault that happens now, if one does. */
  take (on: FaultyStep, topics: readonly string[]): Happening | undefined {
    for (const declared of this.#declared) {
      if (declared.on !== on || (declared.topic !== undefined && !topics.includes(declared.topic))) continue
      if (--declared.left === 0) this.#declared.delete(declared)
      return declared
    }
  }

  /** Lets happen what concerns a consumer. */
  act (act: Happening['act'], consumer: FaultyConsumer): void {
    if (act === 'redeliver') consumer.evict()
    if (act === 'rebalance') consumer.rebalance()
    if (act === 'crash') consumer.crash()
  }

  #actOnAll (act: Happening['act'], { app, topic }: Place): void {
    for (const consumer of this.#consumers) if (consumer.app === app && consumer.reads(topic)) this.act(act, consumer)
  }

  async wait (ms: number): Promise<void> {
    await sleep(this.clock, ms, new AbortController().signal)
  }

  /** Runs `work` while each message is delivered twice to its handler. */
  async twice<T> (work: () => Promise<T>): Promise<T> {
    this.#delivered = new Set()
    try {
      return await work()
    } finally {
      this.#delivered = undefined
    }
  }

  /** Calls the handler of a message, with the fault that happens to it. */
  handle (scope: FastifyInstance, message: RecordMetadata, run: () => unknown): unknown {
    if (this.#declared.size === 0 && this.#delivered === undefined) return run()
    const { topic } = message
    const happening = this.take('handler', [topic]) ?? this.#redelivery(message)
    return happening === undefined ? run() : this.#handle(happening, { app: rootOf(scope), topic }, run)
  }

  #redelivery (message: RecordMetadata): Happening | undefined {
    const place = placeOf(message)
    if (this.#delivered === undefined || this.#delivered.has(place)) return undefined
    this.#delivered.add(place)
    return { error: undefined, delay: undefined, act: 'redeliver' }
  }

  async #handle ({ error, delay, act }: Happening, place: Place, run: () => unknown): Promise<unknown> {
    if (error !== undefined) throw error
    if (delay !== undefined) await this.wait(delay)
    if (act === 'rebalance') this.#actOnAll(act, place)
    const result = await run()
    if (act === 'redeliver' || act === 'crash') this.#actOnAll(act, place)
    return result
  }
}

/** @throws FASTSTREAM_ERR_INVALID_OPTION */
function checked (fault: Fault): Omit<Declared, 'left'> & { readonly times: number } {
  onlyKnown('', fault, ['on', 'topic', 'times', ...ALL_ACTIONS])
  const { on, topic, times = 1, error, delay, ...acts } = fault
  oneOf('on', on, STEPS)
  if (topic !== undefined) text('topic', topic)
  if (times !== Infinity) integer('times', times, 1)
  if (error !== undefined && !(error instanceof Error)) {
    throw new FASTSTREAM_ERR_INVALID_OPTION('error', 'must be an Error')
  }
  const given = ALL_ACTIONS.filter((action) => Reflect.get(fault, action) !== undefined)
  const [action] = given
  if (action === undefined || given.length > 1 || !ACTIONS[on].includes(action)) {
    throw new FASTSTREAM_ERR_INVALID_OPTION('fault', `on '${on}' must have one of ${ACTIONS[on].join(', ')}`)
  }
  const act = acts.redeliver ? 'redeliver' : acts.rebalance ? 'rebalance' : acts.crash ? 'crash' : undefined
  return { on, topic, times, error, delay: delay === undefined ? undefined : milliseconds('delay', delay), act }
}
