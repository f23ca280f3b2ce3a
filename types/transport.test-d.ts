/* Checked by `tsc`, never run: a transport of one's own. */
import Fastify from 'fastify'
import faststreamPlugin, { GenerationLostError, SendError, type Transport, type TransportOptions } from '../index.js'
import { expectType } from './expect.test-d.js'

const app = Fastify()
declare const transport: Transport
await app.register(faststreamPlugin, { transport, groupId: 'shop' })
await app.register(faststreamPlugin, {
  transport: ({ brokers, log }) => { log.info({ brokers }, 'made'); return transport }, groupId: 'shop'
})
await app.register(faststreamPlugin, {
  transport: async (options) => { expectType<TransportOptions>(options); return transport }, groupId: 'shop'
})
// @ts-expect-error no such client
await app.register(faststreamPlugin, { transport: 'pigeon' })
const { consumer, ...noConsumer } = transport
// @ts-expect-error a method is missing
await app.register(faststreamPlugin, { transport: noConsumer })
// @ts-expect-error what the function returns lacks a method
await app.register(faststreamPlugin, { transport: () => noConsumer })
function withoutSubscribe (...args: Parameters<typeof consumer>) {
  const { subscribe, ...rest } = consumer(...args)
  return rest
}
// @ts-expect-error a consumer must be able to replace its topics
await app.register(faststreamPlugin, { transport: { ...noConsumer, consumer: withoutSubscribe } })
expectType<Error>(new SendError('full', 'not-sent', 'refused'))
// @ts-expect-error no such reason
expectType<Error>(new SendError('full', 'not-sent', 'bored'))
expectType<Error>(new GenerationLostError('moved on'))
