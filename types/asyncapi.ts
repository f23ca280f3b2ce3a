import type { FastifyRequest, RouteShorthandOptions } from 'fastify'

/**
 * Options of a subscriber or publisher for the AsyncAPI document.
 *
 * @example
 * const about: Documentation = { title: 'Take orders', tags: ['orders'], examples: [{ value: { id: '1', total: 9 } }] }
 * app.broker.subscriber('orders', about, saveOrder)
 */
export interface Documentation {
  /** Title of the operation. @default none */
  title?: string | undefined
  /** Description in CommonMark. @default none */
  description?: string | undefined
  /** Names of tags. @default none */
  tags?: readonly string[] | undefined
  /** Marks the operation as deprecated. @default false */
  deprecated?: boolean | undefined
  /** Messages as they may arrive, with values that JSON can hold. @default none */
  examples?: readonly MessageExample[] | undefined
  /**
   * `false`: the document leaves it out, and the topics that only it uses. FastStream: `include_in_schema`.
   *
   * @default the plugin's `includeInSchema`
   */
  includeInSchema?: boolean | undefined
}

/**
 * Example of a message. It is not checked against the schema.
 *
 * @example
 * const cheap: MessageExample = { name: 'cheap', value: { id: '1', total: 0 } }
 */
export interface MessageExample {
  name?: string | undefined
  summary?: string | undefined
  value?: unknown
  headers?: Readonly<Record<string, unknown>> | undefined
}

/**
 * Title, version and contact of the app.
 *
 * @example
 * const info: AsyncapiInfo = { title: 'Shop', version: '1.4.0', contact: { name: 'Team Orders' } }
 */
export interface AsyncapiInfo {
  /** Title of the document. @default the name in the app's package.json, else the `clientId` of the first broker */
  title?: string | undefined
  /** Version of the app. @default the version in the app's package.json, else '0.0.0' */
  version?: string | undefined
  /** Description in CommonMark. @default none */
  description?: string | undefined
  /** URL of the terms of service. @default none */
  termsOfService?: string | undefined
  /** Person or team to ask. @default none */
  contact?: { name?: string | undefined, url?: string | undefined, email?: string | undefined } | undefined
  /** Licence of the app. @default none */
  license?: { name: string, url?: string | undefined } | undefined
}

/**
 * Description of a cluster, beside what the options of its broker say.
 *
 * @example
 * const server: AsyncapiServer = { host: 'kafka.example.com:9092', title: 'Production' }
 * await app.register(faststreamPlugin, { groupId: 'shop', asyncapi: { servers: { default: server } } })
 */
export interface AsyncapiServer {
  /** Address that the document shows. @default the first of `brokers`; in production none */
  host?: string | undefined
  /** Title of the cluster. @default none */
  title?: string | undefined
  /** Description in CommonMark. @default none */
  description?: string | undefined
  /** Version of Kafka. @default none */
  protocolVersion?: string | undefined
}

/**
 * Options of the AsyncAPI document and its routes. One document describes all brokers of an app: the plugin that is
 * registered first has this option.
 *
 * @throws FASTSTREAM_ERR_INVALID_OPTION for an option that is unknown or impossible, and from `ready()` when
 *   `servers` names a broker or cluster that does not exist or `transform` returns no document
 * @example
 * const asyncapi: AsyncapiOptions = { info: { title: 'Shop', version: '1.4.0' } }
 * await app.register(faststreamPlugin, { groupId: 'shop', asyncapi })
 */
export interface AsyncapiOptions {
  /** Path of the routes, below the prefix of the scope; `''` is the scope itself. @default '/asyncapi' */
  routePrefix?: string | undefined
  /** Hooks of all these routes, for example to authenticate. @default none */
  hooks?: Pick<RouteShorthandOptions, 'onRequest' | 'preHandler'> | undefined
  /** Title, CSS and icon of the page. @default the page's own */
  theme?: AsyncapiTheme | undefined
  /** Image at the top of the page. @default none */
  logo?: AsyncapiImage | undefined
  /** Version of AsyncAPI. @default '3.0.0' */
  specVersion?: '3.0.0' | '3.1.0' | undefined
  /** Title, version and contact of the app. @default `{ title, version }` of the app's package.json, if it is found */
  info?: AsyncapiInfo | undefined
  /**
   * Descriptions of clusters, by the names of their brokers; with the option `clusters` by the names of these, those of
   * another broker than the default one as `billing.production`.
   *
   * @default none
   */
  servers?: Readonly<Record<string, AsyncapiServer>> | undefined
  /** Descriptions of tags, in display order. @default none */
  tags?: ReadonlyArray<{ name: string, description?: string | undefined }> | undefined
  /** Link to further documentation. @default none */
  externalDocs?: { url: string, description?: string | undefined } | undefined
  /**
   * Function that converts a declared schema to JSON Schema. Schemas of Zod 4, and all with Standard JSON Schema or a
   * method `toJSONSchema`, need none. `undefined` leaves the conversion to the plugin.
   *
   * @default none
   */
  jsonSchema?: ((schema: unknown) => object | boolean | undefined) | undefined
  /**
   * Function that is called once with the document and returns the one to use, without a promise. Operations that it
   * renames cannot be published from the page.
   *
   * @default none
   */
  transform?: ((document: AsyncapiDocument) => AsyncapiDocument) | undefined
  /** Permission to publish from the page. @default none: the page cannot publish */
  publish?: AsyncapiPublish | undefined
}

/**
 * Look of the page.
 *
 * @example
 * const theme: AsyncapiTheme = { title: 'Topics of the shop', css: ':root { --accent: light-dark(#a0207a, #ff9de2) }' }
 */
export interface AsyncapiTheme {
  /** Title of the browser's tab. @default the title of the document */
  title?: string | undefined
  /** CSS that follows the page's own. @default none */
  css?: string | undefined
  /** Icon of the browser's tab. @default two arrows */
  favicon?: AsyncapiImage | undefined
}

/**
 * Image that the page serves.
 *
 * @example
 * const logo: AsyncapiImage = { type: 'image/svg+xml', content: await readFile('logo.svg') }
 */
export interface AsyncapiImage {
  /** Media type, such as `image/svg+xml`. */
  type: string
  content: string | Uint8Array
}

/**
 * Permission to publish from the page. A message belongs to an operation of the document and is checked and encoded
 * as the app's own. For an operation that receives, it goes to the topic that the subscriber reads.
 *
 * @throws FASTSTREAM_ERR_INVALID_OPTION without `authorize`, and in production without `production: true`
 * @example
 * const publish: AsyncapiPublish = {
 *   authorize: (request, { action }) => request.user.isAdmin && action === 'receive'
 * }
 */
export interface AsyncapiPublish {
  /**
   * Function that decides about each message, after the `hooks`, within 10 s. Anything but `true` is answered with
   * 403. When it throws, the client gets the error's status if that is 400 to 499, else 500, and never its text.
   */
  authorize: (request: FastifyRequest, operation: AsyncapiOperation) => boolean | Promise<boolean>
  /** Confirmation for production: must be `true` when `NODE_ENV=production`. @default false */
  production?: boolean | undefined
}

/**
 * Operation of the document, as `authorize` gets it.
 *
 * @example
 * const onlyOrders = (_: FastifyRequest, { topic }: AsyncapiOperation) => topic.startsWith('orders.')
 */
export interface AsyncapiOperation {
  /** Name of the operation in the document. */
  readonly id: string
  /** Direction, seen from the app. A message that is published as a `receive` is handled by the app. */
  readonly action: 'send' | 'receive'
  readonly topic: string
  /** Name of the broker. */
  readonly broker: string
}

/**
 * AsyncAPI 3 document.
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
 * Object of the document.
 *
 * @example
 * function describe (channel: AsyncapiObject) { channel.description = 'Keyed by customer' }
 */
export interface AsyncapiObject {
  [member: string]: unknown
}
