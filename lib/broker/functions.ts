import type { PublishOptions, RecordMetadata } from '../../types/index.js'
import { FASTSTREAM_ERR_INVALID_ARGUMENTS, FASTSTREAM_ERR_INVALID_OPTION } from '../errors.js'
import { isResponse } from '../message/response.js'
import { callable, isObject, text } from '../options/assert.js'

/* FastKafka's way to declare: a function whose name says the topic. */

/** Options that name the topic. */
export interface NamedTopic {
  readonly topic?: string | undefined
  readonly prefix?: string | undefined
}

type Function = (...args: never[]) => unknown

/**
 * The options and the function of a call that takes both, or the function alone.
 *
 * @throws FASTSTREAM_ERR_INVALID_ARGUMENTS, FASTSTREAM_ERR_INVALID_OPTION
 */
export function functionLast<O extends object, F extends Function> (
  call: string, first: O | F, second: F | undefined
): readonly [Partial<O>, F] {
  if (typeof first === 'function') {
    if (second !== undefined) throw new FASTSTREAM_ERR_INVALID_ARGUMENTS(call, 'the function comes last')
    return [{}, first]
  }
  if (!isObject(first)) throw new FASTSTREAM_ERR_INVALID_OPTION('options', 'must be an object')
  callable('function', second, `must be the last argument: ${call}`)
  return [first, second as F]
}

/**
 * The topic of a function: the given one, or what its name says. `onOrders` and `on_orders` are of `orders`.
 *
 * @throws FASTSTREAM_ERR_INVALID_OPTION
 */
export function topicOf ({ name }: Function, { topic, prefix }: NamedTopic, otherwise: string): string {
  if (topic !== undefined) return topic
  if (prefix !== undefined) text('prefix', prefix)
  const stem = (prefix ?? otherwise).replace(/_$/, '')
  const rest = name.startsWith(stem) ? name.slice(stem.length) : ''
  if (/^_./.test(rest)) return rest.slice(1)
  if (/^[A-Z]/.test(rest)) return rest.charAt(0).toLowerCase() + rest.slice(1)
  const cure = `must be given: the function '${name}' has no name like ${stem}Orders or ${stem}_orders`
  throw new FASTSTREAM_ERR_INVALID_OPTION('topic', cure)
}

/** A function that makes what is published. */
export type Produce = (...args: unknown[]) => unknown

type Publish = (value: unknown, options?: PublishOptions) => Promise<RecordMetadata>

/** A function that publishes what `produce` returns, and resolves to it when it is in the log. */
export function publishing (produce: Produce, publish: Publish): (...args: unknown[]) => Promise<unknown> {
  async function publishResult (...args: unknown[]): Promise<unknown> {
    const result: unknown = await produce(...args)
    const { value, options } = isResponse(result) ? result : { value: result, options: undefined }
    if (value !== undefined) await publish(value, options)
    return value
  }
  return Object.defineProperty(publishResult, 'name', { value: produce.name })
}
