import { EventEmitter } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import Fastify, { type FastifyInstance } from 'fastify'
import faststreamPlugin, { dependency } from 'fastify-faststream'

const client = dependency(async function * () { yield { tenant: 'a' } })

async function build (program: string): Promise<FastifyInstance> {
  const app = Fastify()
  if (program.startsWith('plugin')) await app.register(faststreamPlugin, { transport: 'memory' })
  app.get(
    '/', { config: program === 'plugin and dependency' ? { deps: { client } } : {} }, async () => ({ hello: 'world' })
  )
  await app.ready()
  return app
}

/** What Fastify asks of a request and a response, without a socket. */
class Incoming extends EventEmitter {
  readonly method = 'GET'
  readonly url = '/'
  readonly headers = { host: 'localhost' }
  readonly socket = { remoteAddress: '127.0.0.1' }
}

class Outgoing extends EventEmitter {
  readonly writable = true
  writableEnded = false
  headersSent = false
  writeHead (): void { this.headersSent = true }
  end (): void { this.writableEnded = true }
  hasHeader (): boolean { return false }
  getHeader (): undefined { return undefined }
  setHeader (): void {}
  removeHeader (): void {}
}

/** µs of CPU per request on its way through Fastify alone. */
async function route (app: FastifyInstance, requests: number): Promise<number> {
  const before = process.cpuUsage()
  for (let i = 0; i < requests; i += 100) {
    for (let j = 0; j < 100; j++) {
      app.routing(new Incoming() as unknown as IncomingMessage, new Outgoing() as unknown as ServerResponse)
    }
    await new Promise(setImmediate)
  }
  const { user, system } = process.cpuUsage(before)
  return (user + system) / requests
}

const programs = ['plain', 'plain again', 'plugin', 'plugin and dependency']
const apps = await Promise.all(programs.map(build))
const url = await (apps[0] as FastifyInstance).listen({ port: 0, host: '127.0.0.1' })
let before = process.cpuUsage()
process.on('message', async (message: { readonly kind: string, readonly app: number, readonly requests: number }) => {
  if (message.kind === 'route') process.send?.(await route(apps[message.app] as FastifyInstance, message.requests))
  if (message.kind === 'begin') before = process.cpuUsage()
  if (message.kind === 'end') process.send?.(process.cpuUsage(before).user + process.cpuUsage(before).system)
  if (message.kind === 'close') {
    await Promise.all(apps.map(async (app) => await app.close())).then(() => process.disconnect())
  }
})
process.send?.({ url, programs })
