import type { Socket } from 'node:net'
import {
  type Api, API_KEYS, type ProduceRequest, type Requests, type VersionRange, type WireConnection, WireError
} from '../kafka/wire.js'
import type { KafkajsConnection, ProtocolRequest } from './kafkajs-modules.js'
import { loadKafkajs } from './load.js'
import { encodeProduce } from './produce-request.js'
import { KAFKAJS_REQUESTS } from './requests.js'
import { toError } from '../../to-error.js'

/** What kafkajs's `Connection` is told about its peer and its user. */
export interface ConnectionOptions {
  readonly clientId: string
  readonly ssl: unknown
  readonly sasl: unknown
  /** A kafkajs logger. */
  readonly logger: unknown
}

interface ApiVersionsAnswer {
  readonly errorCode: number
  readonly apiVersions: ReadonlyArray<Readonly<Record<'apiKey' | 'minVersion' | 'maxVersion', number>>>
}

interface KafkajsError extends Error {
  readonly type?: string
}

const SASL_AUTHENTICATE = 36
/** Larger frames are no answers: Kafka's own brokers take none above 100 MiB. */
const MAX_FRAME = 128 * 1024 * 1024
/** ms. Our client gives up much earlier, by its own clock. */
const NEVER = 2 ** 31 - 1

/** One connection of kafkajs, without its pool, its retries and its time-outs. */
export class Connection implements WireConnection {
  readonly #connection: KafkajsConnection
  readonly #sockets = new Set<Socket>()
  #apiVersions: ReadonlyMap<number, VersionRange> = new Map()
  #closed = false

  constructor (address: string, options: ConnectionOptions) {
    const load = loadKafkajs()
    const KafkajsConnection = load('src/network/connection.js')
    const connect = load('src/network/socketFactory.js')()
    const colon = address.lastIndexOf(':')
    this.#connection = new KafkajsConnection({
      ...options,
      host: address.slice(0, colon).replace(/^\[(.*)\]$/, '$1'),
      port: Number(address.slice(colon + 1)),
      connectionTimeout: NEVER,
      requestTimeout: NEVER,
      enforceRequestTimeout: false,
      socketFactory: (target: object) => this.#track(connect(target))
    })
    this.#guardReceiving()
  }

  get apiVersions (): ReadonlyMap<number, VersionRange> {
    return this.#apiVersions
  }

  get open (): boolean {
    return !this.#closed && this.#connection.isConnected()
  }

  async connect (): Promise<void> {
    try {
      await this.#connection.connect()
      const versions = await this.#askVersions()
      const ranges = versions.map(({ apiKey, minVersion: min, maxVersion: max }) => [apiKey, { min, max }] as const)
      this.#apiVersions = new Map(ranges)
      this.#connection.setVersions(Object.fromEntries(versions.map(({ apiKey, ...range }) => [apiKey, range])))
      this.#connection.setSupportAuthenticationProtocol(this.#apiVersions.has(SASL_AUTHENTICATE))
      await this.#connection.authenticate()
    } catch (err) {
      this.close()
      throw wireError(err)
    }
  }

  async send<Kind extends Api> (
    api: Kind, parameters: Requests[Kind]['parameters']
  ): Promise<Requests[Kind]['answer']> {
    const { kafkajs, versions, toParameters, toAnswer } = KAFKAJS_REQUESTS[api]
    const version = Math.min(versions.max, this.#apiVersions.get(API_KEYS[api])!.max)
    const { request, response } = protocol(kafkajs, version, toParameters(parameters))
    const own = api === 'Produce' ? { encode: async () => encodeProduce(parameters as ProduceRequest) } : {}
    try {
      return toAnswer(await this.#request({ request: { ...request, ...own }, response }))
    } catch (err) {
      throw wireError(err)
    }
  }

  /** kafkajs's own `disconnect` would wait for answers. */
  close (): void {
    this.#closed = true
    for (const socket of this.#sockets) socket.destroy(new Error('the connection was cut'))
  }

  /**
   * Answers come as the node sent them: kafkajs's `parse` throws the first error code that it meets, and forgets the
   * rest.
   */
  async #request ({ request, response }: ProtocolRequest): Promise<unknown> {
    const parse = async (data: unknown): Promise<unknown> => data
    return await this.#connection.send({ request, response: { decode: response.decode, parse } })
  }

  /** A broker that does not know our version of this request answers in version 0, with an error. */
  async #askVersions (): Promise<ApiVersionsAnswer['apiVersions']> {
    for (const version of [2, 0]) {
      const answer = await this.#request(protocol('ApiVersions', version)).catch((err: KafkajsError) => {
        if (err.type !== 'UNSUPPORTED_VERSION') throw err
      }) as ApiVersionsAnswer | undefined
      if (answer?.errorCode === 0) return answer.apiVersions
    }
    throw new Error('the broker does not tell its API versions')
  }

  #guardReceiving (): void {
    const connection = this.#connection
    const processData = connection.processData.bind(connection)
    connection.processData = (bytes) => {
      try {
        processData(bytes)
        if (connection.bytesNeeded > MAX_FRAME) throw new Error(`an answer claims ${connection.bytesNeeded} bytes`)
      } catch (err) {
        for (const socket of this.#sockets) socket.destroy(toError(err))
      }
    }
  }

  #track (socket: Socket): Socket {
    this.#sockets.add(socket)
    return socket.once('close', () => this.#sockets.delete(socket))
  }
}

function protocol (name: string, version: number, parameters: object = {}): ProtocolRequest {
  const { requests } = loadKafkajs()('src/protocol/requests/index.js')
  return requests[name]!.protocol({ version })(parameters)
}

/** kafkajs's errors are of the private copy: told apart by name and type, never by class. */
function wireError (error: unknown): WireError {
  const { name, type = '', message } = error as KafkajsError
  const refused = name === 'KafkaJSSASLAuthenticationError' || /SASL|AUTHENTICATION/.test(type)
  return new WireError(message, refused ? 'authentication' : 'connection', error)
}
