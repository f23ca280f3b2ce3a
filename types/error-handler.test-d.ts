/* Checked by `tsc`, never run: each good case compiles, each `@ts-expect-error` is a compile error. */
import Fastify, { type FastifyInstance } from 'fastify'
import faststreamPlugin, {
  response, type AnyMessage, type ErrorDecision, type ErrorHandler, type FailedMessage, type FailureStage
} from '../index.js'
import { expectEqual } from './expect.test-d.js'

const app = Fastify()
await app.register(faststreamPlugin)

app.broker.setErrorHandler(function (error, failed) {
  expectEqual<typeof error, Error>(true)
  expectEqual<typeof failed, FailedMessage>(true)
  expectEqual<typeof failed.stage, FailureStage>(true)
  expectEqual<typeof failed.message, AnyMessage | undefined>(true)
  this.log.info(this.broker.name)
  failed.log.warn({ attempt: failed.attempt, key: failed.rawKey }, 'failed')
  // @ts-expect-error it may not have been decoded
  failed.message.value()
})
app.broker.setErrorHandler(async () => ({ action: 'retry', delay: 100 }))
app.broker.setErrorHandler(() => ({ action: 'forward', topic: 'later', headers: { reason: 'closed' } }))
app.broker.setErrorHandler((_, { attempt }) => { if (attempt > 3) return { action: 'dead-letter' } })
app.broker.setErrorHandler(() => ({ action: 'acknowledge' }))
app.broker.setErrorHandler(() => ({ action: 'reply', value: response({ ok: false }, { key: 'k' }) }))
// @ts-expect-error no such decision
app.broker.setErrorHandler(() => ({ action: 'nack' }))
// @ts-expect-error a topic is needed
app.broker.setErrorHandler(() => ({ action: 'forward' }))
// @ts-expect-error a decision is an object
app.broker.setErrorHandler(() => 'retry')

const handler: ErrorHandler<FastifyInstance> = (error): ErrorDecision | undefined => {
  return error instanceof RangeError ? { action: 'dead-letter' } : undefined
}
app.broker.setErrorHandler(handler)
