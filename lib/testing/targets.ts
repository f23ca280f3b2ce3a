import type { FastifyInstance } from 'fastify'
import type { Broker } from '../broker/broker.js'
import type { SubscriberDeclaration } from '../broker/declaration.js'
import { SubscriberHandle } from '../broker/subscriber-handle.js'
import { FASTSTREAM_ERR_INVALID_OPTION } from '../errors.js'

/** Apps of a test, and the brokers of all of them. */
export interface Tested {
  readonly apps: readonly [FastifyInstance, ...FastifyInstance[]]
  readonly brokers: readonly [Broker, ...Broker[]]
}

/**
 * The declarations that a handle or a handler stands for.
 *
 * @throws FASTSTREAM_ERR_INVALID_OPTION
 */
export function declarationsOf (brokers: readonly Broker[], subscriber: unknown): readonly SubscriberDeclaration[] {
  const all = brokers.flatMap(({ registry }) => registry.subscribers.map(({ declaration }) => declaration))
  const found = all.filter(SubscriberHandle.isHandle(subscriber)
    ? isOneOf(SubscriberHandle.declarationsOf(subscriber))
    : ({ handler }) => handler === subscriber)
  if (found.length > 0) return found
  throw new FASTSTREAM_ERR_INVALID_OPTION(
    'subscriber', 'must be what subscriber() of one of the apps returned, or the handler of a subscriber')
}

/** A subscriber with cases has a declaration for each. */
function isOneOf (declared: readonly SubscriberDeclaration[]): (declaration: SubscriberDeclaration) => boolean {
  return (declaration) => declared.some((each) => {
    return each === declaration || (each.cases !== undefined && each.cases.of === declaration.cases?.of)
  })
}

/** A name for texts: that of the handler, else its topics. */
export function nameOf (declarations: readonly SubscriberDeclaration[]): string {
  const named = declarations.find(({ handler }) => handler.name !== '')
  return named === undefined ? `the subscriber of '${declarations[0]?.topics.join(', ')}'` : `'${named.handler.name}'`
}
