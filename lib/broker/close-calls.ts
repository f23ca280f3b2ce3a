import type { FastifyInstance } from 'fastify'
import { closeCalled } from '../consume/close-calls.js'
import { perApp } from '../scope.js'
import { brokersOf } from './app-brokers.js'

/** Replaces `close` of the app by one that notices the handlers which call it. Once per app. */
export const noticeClose = perApp((app: FastifyInstance) => {
  const { close } = app
  function noticedClose (this: FastifyInstance, ...args: unknown[]): unknown {
    closeCalled(Array.from(brokersOf(app).byName.values(), ({ events }) => events))
    return Reflect.apply(close, this, args)
  }
  app.close = noticedClose as typeof close
  return close
})
