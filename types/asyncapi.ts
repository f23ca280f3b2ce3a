import type { RouteShorthandOptions } from 'fastify'

/**
 * What a subscriber or publisher says about itself in the AsyncAPI document.
 *
 * @example
 * app.broker.subscriber('orders', { title: 'Take orders', tags: ['orders'], examples: [{ value: { id: '1', total: 9 } }] }, saveOrder)
 */
export interface Documentation {
  /** @default none */
  title?: string
  /** CommonMark. @default none */
  description?: string
  /** @default none */
  tags?: readonly string[]
  /** @default false */
  deprecated?: boolean
  /** @default none */
  examples?: readonly MessageExample[]
  /** `false` keeps it out of the document, and the topics that only it uses. @default the plugin's `includeInSchema` */
  includeInSchema?: boolean
}

/**
 * One message as it may come. Nobody checks it against the schema.
 *
 * @example
 * const cheap: MessageExample = { name: 'cheap', value: { id: '1', total: 0 } }
 */
export interface MessageExample {
  name?: string
  summary?: string
  value?: unknown
  headers?: Readonly<Record<string, unknown>>
}

/**
 * Who the app is.
 *
 * @example
 * const info: AsyncapiInfo = { title: 'Shop', version: '1.4.0', contact: { name: 'Team Orders' } }
 */
export interface AsyncapiInfo {
  /** @default the `clientId` of the first broker */
  title?: string
  /** The app's own. @default '0.0.0' */
  version?: string
  /** CommonMark. @default none */
  description?: string
  /** A URL. @default none */
  termsOfService?: string
  /** @default none */
  contact?: { name?: string, url?: string, email?: string }
  /** @default none */
  license?: { name: string, url?: string }
}

/**
 * What the document says about a cluster beside what the options of its broker tell.
 *
 * @example
 * const servers: Record<string, AsyncapiServer> = { default: { host: 'kafka.example.com:9092', title: 'Production' } }
 */
export interface AsyncapiServer {
  /** @default the first of `brokers`; in production it is not shown */
  host?: string
  /** @default none */
  title?: string
  /** CommonMark. @default none */
  description?: string
  /** Of Kafka. @default none */
  protocolVersion?: string
}

/**
 * The AsyncAPI document of the app and its routes. One document describes all brokers of an app: the plugin that is registered first has this option.
 *
 * @example
 * await app.register(faststreamPlugin, { groupId: 'shop', asyncapi: { info: { title: 'Shop', version: '1.4.0' } } })
 */
export interface AsyncapiOptions {
  /** Where its routes are, under the prefix of the scope. @default '/asyncapi' */
  routePrefix?: string
  /** Of all its routes, for example to authenticate. @default none */
  hooks?: Pick<RouteShorthandOptions, 'onRequest' | 'preHandler'>
  /** Of AsyncAPI. @default '3.0.0' */
  specVersion?: '3.0.0' | '3.1.0'
  /** @default { title: clientId, version: '0.0.0' } */
  info?: AsyncapiInfo
  /** By the names of the brokers. @default none */
  servers?: Readonly<Record<string, AsyncapiServer>>
  /** Describes tags, and gives their order. @default none */
  tags?: ReadonlyArray<{ name: string, description?: string }>
  /** @default none */
  externalDocs?: { url: string, description?: string }
  /** Called once with the document; what it returns is the document. @default none */
  transform?: (document: AsyncapiDocument) => AsyncapiDocument
}

/**
 * As AsyncAPI 3 has it.
 *
 * @example
 * const { channels }: AsyncapiDocument = app.asyncapi()
 */
export interface AsyncapiDocument {
  asyncapi: string
  info: AsyncapiObject
  servers: Record<string, AsyncapiObject>
  channels: Record<string, AsyncapiObject>
  operations: Record<string, AsyncapiObject>
  components: Record<string, AsyncapiObject>
  [extension: `x-${string}`]: unknown
}

/**
 * Any object of the document.
 *
 * @example
 * function describe (channel: AsyncapiObject) { channel.description = 'Keyed by customer' }
 */
export interface AsyncapiObject {
  [member: string]: unknown
}
