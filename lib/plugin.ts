import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import type { FaststreamOptions, FaststreamPlugin } from '../types/index.js'
import { documentApp } from './asyncapi/routes.js'
import { Broker } from './broker/broker.js'
import { decorate } from './broker/decorators.js'
import { addBroker, brokersOf } from './broker/app-brokers.js'
import { normaliseOptions } from './options/plugin-options.js'

/* The whole lifecycle: options → broker → decorators → document → hooks. */

async function faststream (app: FastifyInstance, options: FaststreamOptions): Promise<void> {
  const broker = new Broker(normaliseOptions(options, app.initialConfig.pluginTimeout as number), app.log)
  addBroker(app, broker)
  decorate(app, broker)
  // Its hook is before ours: a document that cannot be made leaves nothing open.
  documentApp(app, brokersOf(app).byName, broker.settings.asyncapi)

  app.addHook('onReady', async function faststreamOnReady () {
    await broker.start(brokersOf(app).test)
    // Handlers may need what other plugins make in their own onReady hooks: messages flow after the last of them.
    rootOf(app).ready((error) => { if (error === null) broker.dispatch() })
  })
  // The HTTP server still answers, and may publish, while the consumers stop; the producer goes last.
  app.addHook('preClose', async function faststreamPreClose () {
    await broker.drain()
  })
  app.addHook('onClose', async function faststreamOnClose () {
    await broker.close()
  })
}

/** Scopes are made with their parents as prototypes. What `ready` calls back in one of them comes before the hooks of its siblings. */
function rootOf (app: FastifyInstance): FastifyInstance {
  const parent = Object.getPrototypeOf(app) as FastifyInstance | null
  return parent !== null && 'ready' in parent ? rootOf(parent) : app
}

/**
 * The plugin: `app.broker`, `request.broker`, subscribers and publishers on one Kafka cluster.
 *
 * @throws FASTSTREAM_ERR_INVALID_OPTION for an option that is unknown or impossible
 * @throws FASTSTREAM_ERR_BROKERS_REQUIRED in production without `brokers`
 * @throws FASTSTREAM_ERR_ALREADY_REGISTERED when the app has a broker of that name
 * @example
 * await app.register(faststreamPlugin, { brokers: ['localhost:9092'], groupId: 'shop' })
 */
export const faststreamPlugin: FaststreamPlugin = fp(faststream, { name: 'fastify-faststream', fastify: '5.x' })
