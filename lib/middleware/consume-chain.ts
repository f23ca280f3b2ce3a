import type { Middleware } from '../../types/index.js'
import { ReceivedMessage } from '../message/received-message.js'
import { runMiddleware } from './run-middleware.js'

type Handle<Message> = (message: Message) => unknown
type ConsumeMiddleware = Middleware & Required<Pick<Middleware, 'consumeScope'>>

/**
 * Puts the `consumeScope` of each middleware around a handler, the first one outermost. Without any it returns the
 * handler itself, so that nothing is added per message.
 */
export function aroundHandler<Message extends ReceivedMessage> (
  middlewares: readonly Middleware[], handle: Handle<Message>
): Handle<Message> {
  const scopes = middlewares.filter(hasConsumeScope)
  if (scopes.length === 0) return handle
  return scopes.reduceRight<Handle<Message>>((inner, middleware) => (message) => {
    return consumeThrough(middleware, message, inner)
  }, (message) => {
    // A middleware may have taken all the time: a handler of an attempt that has failed is not begun.
    ReceivedMessage.throwIfAborted(message)
    return handle(message)
  })
}

/** The error of a handler that the middleware did not await counts, too. */
async function consumeThrough<Message extends ReceivedMessage> (
  middleware: ConsumeMiddleware, message: Message, inner: Handle<Message>
): Promise<unknown> {
  const { returned, begun, awaited } = await runMiddleware(
    'consumeScope',
    (next: (argument: void) => Promise<unknown>) => middleware.consumeScope(next, message),
    () => inner(message)
  )
  if (!awaited) await begun
  return returned
}

function hasConsumeScope (middleware: Middleware): middleware is ConsumeMiddleware {
  return middleware.consumeScope !== undefined
}
