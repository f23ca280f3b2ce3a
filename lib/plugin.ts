import type { FastifyInstance, RegisterOptions } from 'fastify'
import fp from 'fastify-plugin'
import type { FaststreamOptions, FaststreamPlugin } from '../types/index.js'
import { documentApp } from './asyncapi/routes.js'
import { normaliseAsyncapi } from './asyncapi/settings.js'
import { noticeClose } from './broker/close-calls.js'
import { Broker } from './broker/broker.js'
import { decorate } from './broker/decorators.js'
import { addBroker, brokersOf } from './broker/app-brokers.js'
import { keepTopicPrefix } from './broker/layers.js'
import { checkRoutes } from './dead-letter-routes/settings.js'
import { serveDeadLetters } from './dead-letter-routes/routes.js'
import { observe } from './observe/observe.js'
import { normaliseOptions } from './options/plugin-options.js'
import { registerOptionsOf } from './options/register-options.js'
import { rootOf } from './scope.js'

/* The whole lifecycle: options → broker → decorators → document → hooks. */

async function faststream (app: FastifyInstance, options: FaststreamOptions & RegisterOptions): Promise<void> {
  const settings = normaliseOptions(options, app.initialConfig.pluginTimeout as number)
  const asyncapi = normaliseAsyncapi(options.asyncapi)
  const deadLetters = checkRoutes(options.deadLetters)
  const registerOptions = registerOptionsOf(options)
  const broker = new Broker(settings, app)
  addBroker(app, broker)
  noticeClose(app)
  decorate(app, broker)
  // The document's onReady hook runs before ours: an app whose document fails never connects.
  serveDeadLetters(app, broker, deadLetters, registerOptions)
  documentApp(app, brokersOf(app).byName, asyncapi, registerOptions)
  observe(app, broker, options, registerOptions)

  app.addHook('onRegister', function faststreamOnRegister (scope, options) {
    keepTopicPrefix(scope, options)
  })
  app.addHook('onReady', async function faststreamOnReady () {
    await broker.start(brokersOf(app).environment)
    // Handlers may need what other plugins create in their own onReady hooks, so messages wait for the last of these
    // hooks. The root calls back after the hooks of all scopes; another scope calls back before those of its siblings.
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

/**
 * Plugin that adds `app.broker`, `request.broker`, subscribers and publishers on one Kafka cluster.
 *
 * @throws FASTSTREAM_ERR_INVALID_OPTION for an option that is unknown or impossible
 * @throws FASTSTREAM_ERR_BROKERS_REQUIRED in production without `brokers`
 * @throws FASTSTREAM_ERR_ALREADY_REGISTERED when the app already has a broker of that name
 * @example
 * await app.register(faststreamPlugin, { brokers: ['localhost:9092'], groupId: 'shop' })
 */
export const faststreamPlugin: FaststreamPlugin = fp(faststream, { name: 'fastify-faststream', fastify: '^5.12.8' })
