import type { FastifyInstance } from 'fastify'
import type { SubscriberDeclaration } from '../broker/declaration.js'
import type { Environment } from '../broker/environment.js'
import { isPromise } from '../is-promise.js'
import { shownKey } from '../message/key-text.js'
import { ReceivedBatch } from '../message/received-batch.js'
import type { ReceivedMessage } from '../message/received-message.js'
import { snapshot } from './expected.js'
import type { Faults } from './faults.js'
import type { Recorder } from './recorder.js'
import type { HandlerCall } from './types.js'

/** Handlers that stand in for those of declarations. */
export type Replacements = Map<SubscriberDeclaration, (value: never, message: never) => unknown>

/** One call of a handler: what it was given, and what came of it. */
export class RecordedCall implements HandlerCall {
  readonly topic: string
  readonly partition: number
  readonly offset: bigint
  readonly attempt: number
  readonly value: unknown
  outcome: HandlerCall['outcome'] = 'running'
  result: unknown
  error: unknown
  readonly #declaration: SubscriberDeclaration
  readonly #message: ReceivedMessage

  constructor (declaration: SubscriberDeclaration, message: ReceivedMessage) {
    const { topic, partition, offset, attempt, value } = message
    this.topic = topic
    this.partition = partition
    this.offset = offset
    this.attempt = attempt
    this.value = snapshot(value)
    this.#declaration = declaration
    this.#message = message
  }

  isOf (declarations: readonly SubscriberDeclaration[]): boolean {
    return declarations.includes(this.#declaration)
  }

  get key (): unknown {
    return shownKey(this.#message.key)
  }

  get headers (): unknown {
    return this.#message.headers
  }

  get correlationId (): string {
    return this.#message.correlationId
  }

  end (outcome: 'returned' | 'threw', result: unknown): void {
    this.outcome = outcome
    if (outcome === 'returned') this.result = result
    else this.error = result
  }
}

/** Lets a recorder see each call of a handler, which may be replaced by another one. */
export function recordedHandlers (
  recorder: Recorder, replacements: Replacements, faults?: Faults
): Environment['handlerOf'] {
  return function recordedHandler (declaration) {
    const { handler } = declaration
    return function recorded (
      this: FastifyInstance, value: unknown, received: ReceivedMessage | ReceivedBatch
    ): unknown {
      // The first message stands for a batch.
      const message = received instanceof ReceivedBatch ? ReceivedBatch.firstOf(received) : received
      const call = new RecordedCall(declaration, message)
      recorder.calls.push(call)
      recorder.changed()
      function end (outcome: 'returned' | 'threw', result: unknown): void {
        call.end(outcome, result)
        recorder.changed()
      }
      try {
        const run = (): unknown => Reflect.apply(replacements.get(declaration) ?? handler, this, [value, received])
        const result: unknown = faults === undefined ? run() : faults.handle(declaration.scope, message, run)
        if (!isPromise(result)) {
          end('returned', result)
          return result
        }
        const promise = Promise.resolve(result)
        promise.then((value) => { end('returned', value) }, (error: unknown) => { end('threw', error) })
        return promise
      } catch (error) {
        end('threw', error)
        throw error
      }
    }
  }
}
