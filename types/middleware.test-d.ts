/* Checked by `tsc`, never run: each good case compiles, each `@ts-expect-error` is a compile error. */
import { AsyncLocalStorage } from 'node:async_hooks'
import Fastify from 'fastify'
import faststreamPlugin, {
  type AnyMessage, type Middleware, type PublishCommand, type RecordMetadata, type UndecodedMessage
} from '../index.js'
import { expectEqual } from './expect.test-d.js'

const all: Middleware = {
  onReceive (message) {
    expectEqual<typeof message, UndecodedMessage>(true)
    expectEqual<typeof message.rawValue, Buffer | null>(true)
    expectEqual<typeof message.headers, Readonly<Record<string, string>>>(true)
    // @ts-expect-error it is not decoded
    message.value()
  },
  async consumeScope (next, message) {
    expectEqual<typeof message, AnyMessage>(true)
    expectEqual<typeof message.value, unknown>(true)
    expectEqual<typeof message.key, unknown>(true)
    message.ack()
    const result = await next()
    expectEqual<typeof result, unknown>(true)
    // @ts-expect-error next takes nothing
    await next(message)
    return result
  },
  async publishScope (next, command) {
    expectEqual<typeof command, PublishCommand>(true)
    expectEqual<typeof command.topic, string>(true)
    // @ts-expect-error a command is copied, not changed
    command.value = 1
    // @ts-expect-error next needs the command
    await next()
    // @ts-expect-error not an option of a publish
    await next({ ...command, acks: 1 })
    const stored = await next({ ...command, key: 'k', headers: { ...command.headers, tenant: 'a' } })
    expectEqual<typeof stored, RecordMetadata>(true)
    return stored
  },
  async afterProcessed (error, message) {
    expectEqual<typeof error, Error | undefined>(true)
    message.log.info({ attempt: message.attempt }, 'processed')
  }
}

class Counting implements Middleware {
  #count = 0
  onReceive (): void { this.#count++ }
  publishScope: Middleware['publishScope'] = async (next, command) => await next(command)
}

const storage = new AsyncLocalStorage<string>()
const app = Fastify()
await app.register(faststreamPlugin, { middlewares: [all, new Counting()] })
app.broker.addMiddleware(new Counting())
app.broker.insertMiddleware({ consumeScope: (next, { correlationId }) => storage.run(correlationId, next) })
app.broker.addMiddleware({ onReceive: undefined, publishScope: (next, command) => next(command) })
app.broker.subscriber('orders', { middlewares: [all] }, () => {})
// @ts-expect-error a class is no middleware: its instance is
app.broker.addMiddleware(Counting)
// @ts-expect-error FastStream's name in Python
app.broker.addMiddleware({ on_receive () {} })
// @ts-expect-error a publish must be passed on
app.broker.addMiddleware({ async publishScope () {} })
// @ts-expect-error a list
app.broker.subscriber('orders', { middlewares: all }, () => {})
