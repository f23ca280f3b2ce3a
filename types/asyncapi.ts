import type { FastifyRequest, RouteShorthandOptions } from 'fastify'

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
  /** What JSON can write. @default none */
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
  /** @default the name in the app's package.json, else the `clientId` of the first broker */
  title?: string
  /** The app's own. @default the version in the app's package.json, else '0.0.0' */
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
 * @throws FASTSTREAM_ERR_INVALID_OPTION for what is unknown or impossible, and from `ready()` when `servers` names no broker or `transform` returns no document
 * @example
 * await app.register(faststreamPlugin, { groupId: 'shop', asyncapi: { info: { title: 'Shop', version: '1.4.0' } } })
 */
export interface AsyncapiOptions {
  /** Where its routes are, under the prefix of the scope; `''` is the scope itself. @default '/asyncapi' */
  routePrefix?: string
  /** Of all its routes, for example to authenticate. @default none */
  hooks?: Pick<RouteShorthandOptions, 'onRequest' | 'preHandler'>
  /** How the page looks. @default as it is */
  theme?: AsyncapiTheme
  /** At the top of the page. @default none */
  logo?: AsyncapiImage
  /** Of AsyncAPI. @default '3.0.0' */
  specVersion?: '3.0.0' | '3.1.0'
  /** @default `{ title, version }` of the app's package.json, where there is one */
  info?: AsyncapiInfo
  /** By the names of the brokers. @default none */
  servers?: Readonly<Record<string, AsyncapiServer>>
  /** Describes tags, and gives their order. @default none */
  tags?: ReadonlyArray<{ name: string, description?: string }>
  /** @default none */
  externalDocs?: { url: string, description?: string }
  /**
   * Converts a declared schema to JSON Schema, for schemas that have no such form of their own: those of Zod 4, and all with
   * Standard JSON Schema or a method `toJSONSchema`, have one. `undefined` leaves the conversion to the plugin. @default none
   */
  jsonSchema?: (schema: unknown) => object | boolean | undefined
  /** Called once with the document; what it returns is the document, and no promise of it. Operations that it renames cannot be published. @default none */
  transform?: (document: AsyncapiDocument) => AsyncapiDocument
  /** Lets the page publish. @default nothing can be published */
  publish?: AsyncapiPublish
}

/**
 * How the page looks beside what it is.
 *
 * @example
 * const theme: AsyncapiTheme = { title: 'Topics of the shop', css: ':root { --accent: light-dark(#a0207a, #ff9de2) }' }
 */
export interface AsyncapiTheme {
  /** Of the browser's tab. @default the title of the document */
  title?: string
  /** CSS, which comes after that of the page. @default none */
  css?: string
  /** @default two arrows */
  favicon?: AsyncapiImage
}

/**
 * An image, as the page serves it.
 *
 * @example
 * const logo: AsyncapiImage = { type: 'image/svg+xml', content: await readFile('logo.svg') }
 */
export interface AsyncapiImage {
  /** Its media type. */
  type: string
  content: string | Uint8Array
}

/**
 * Publishing from the page: one message of an operation of the document, which is checked and encoded as the app's own.
 * For an operation that receives it goes to the topic which the subscriber reads.
 *
 * @throws FASTSTREAM_ERR_INVALID_OPTION without `authorize`, and in production without `production: true`
 * @example
 * const publish: AsyncapiPublish = { authorize: (request, { action }) => request.user.isAdmin && action === 'receive' }
 */
export interface AsyncapiPublish {
  /** Asked for each message, after the `hooks`. Only `true` lets it pass, else the answer is 403; what it throws is an error of the route. */
  authorize: (request: FastifyRequest, operation: AsyncapiOperation) => boolean | Promise<boolean>
  /** Must be `true` when `NODE_ENV=production`. @default false */
  production?: boolean
}

/**
 * An operation of the document, as `authorize` gets it.
 *
 * @example
 * const onlyOrders = (_: FastifyRequest, { topic }: AsyncapiOperation) => topic.startsWith('orders.')
 */
export interface AsyncapiOperation {
  /** In the document. */
  readonly id: string
  /** What the app does: what is published as a `receive` is for the app to handle. */
  readonly action: 'send' | 'receive'
  readonly topic: string
  /** The name of its broker. */
  readonly broker: string
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
