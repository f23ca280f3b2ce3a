import type { Socket } from 'node:net'
import { systemClock, within } from '../../clock.js'
import {
  type Api, API_KEYS, type ProduceRequest, type Requests, type VersionRange, type WireConnection, WireError
} from '../kafka/wire.js'
import type { KafkajsConnection, ProtocolRequest } from './kafkajs-modules.js'
import type { SaslCredentials } from './credentials.js'
import { credentialsWanted, Diagnosis, isBroken, type Phase, tlsUnwanted } from './diagnosis.js'
import { loadKafkajs } from './load.js'
import { encodeProduce } from './produce-request.js'
import { KAFKAJS_REQUESTS } from './requests.js'
import { type HandshakeAnswer, SASL_AUTHENTICATE, watchSasl } from './sasl-exchange.js'
import { toError } from '../../to-error.js'
import type { TransportOptions } from '../transport.js'

/** Options of kafkajs's `Connection` about its peer and its user. */
export interface ConnectionOptions {
  readonly clientId: string
  readonly ssl: TransportOptions['ssl']
  readonly sasl: SaslCredentials | undefined
  /** A kafkajs logger. */
  readonly logger: unknown
}

interface ApiVersionsAnswer {
  readonly errorCode: number
  readonly apiVersions: ReadonlyArray<Readonly<Record<'apiKey' | 'minVersion' | 'maxVersion', number>>>
}

type SocketFactory = (target: object) => Socket

/** Larger frames are no answers: Kafka's own brokers take none above 100 MiB. */
const MAX_FRAME = 128 * 1024 * 1024
/** ms that a broker may take to tell what it offers */
const PROBE_TIMEOUT = 1000
/** ms. Our client gives up much earlier, by its own clock. */
const NEVER = 2 ** 31 - 1
const NEVER_ABORTED = new AbortController().signal

/** One connection of kafkajs, without its pool, its retries and its time-outs. */
export class Connection implements WireConnection {
  readonly #connection: KafkajsConnection
  readonly #address: string
  readonly #options: ConnectionOptions
  readonly #diagnosis: Diagnosis
  readonly #sockets = new Set<Socket>()
  #apiVersions: ReadonlyMap<number, VersionRange> = new Map()
  #closed = false
  /** True when a request other than those of the handshakes was answered. */
  #answered = false
  #probe: Connection | undefined
  #sessionLifetime: number | undefined

  constructor (address: string, options: ConnectionOptions) {
    this.#address = address
    this.#options = options
    const { ssl, sasl } = options
    this.#diagnosis = new Diagnosis(Boolean(ssl), sasl?.mechanism)
    const load = loadKafkajs()
    const KafkajsConnection = load('src/network/connection.js')
    const connect = load('src/network/socketFactory.js')()
    const colon = address.lastIndexOf(':')
    this.#connection = new KafkajsConnection({
      ...options,
      sasl: null,
      host: address.slice(0, colon).replace(/^\[(.*)\]$/, '$1'),
      port: Number(address.slice(colon + 1)),
      connectionTimeout: NEVER,
      requestTimeout: NEVER,
      enforceRequestTimeout: false,
      socketFactory: (target: object) => this.#track(target, connect)
    })
    this.#guardReceiving()
    watchSasl(this.#connection, this.#diagnosis, (lifetime) => { this.#sessionLifetime = lifetime })
  }

  get apiVersions (): ReadonlyMap<number, VersionRange> {
    return this.#apiVersions
  }

  get open (): boolean {
    return !this.#closed && this.#connection.isConnected()
  }

  get sessionLifetime (): number | undefined {
    return this.#sessionLifetime
  }

  /** `signal`: aborts when the connection is not waited for any more. */
  async connect (signal: AbortSignal): Promise<void> {
    let phase: Phase = 'connect'
    try {
      await this.#connection.connect()
      const versions = await this.#askVersions()
      const ranges = versions.map(({ apiKey, minVersion: min, maxVersion: max }) => [apiKey, { min, max }] as const)
      this.#apiVersions = new Map(ranges)
      this.#connection.setVersions(Object.fromEntries(versions.map(({ apiKey, ...range }) => [apiKey, range])))
      this.#connection.setSupportAuthenticationProtocol(this.#apiVersions.has(SASL_AUTHENTICATE))
      phase = 'authenticate'
      this.#connection.sasl = await this.#options.sasl?.forConnection(signal) ?? null
      await this.#connection.authenticate()
    } catch (err) {
      const isPlain = this.#diagnosis.endedInHandshake(toError(err)) && await this.#answersWithoutTls()
      this.close()
      if (isPlain) throw tlsUnwanted(err)
      throw err instanceof WireError ? err : this.#diagnosis.errorOf(err, phase)
    }
  }

  async send<Kind extends Api> (
    api: Kind, parameters: Requests[Kind]['parameters']
  ): Promise<Requests[Kind]['answer']> {
    const { kafkajs, versions, toParameters, toAnswer } = KAFKAJS_REQUESTS[api]
    const theirs = this.#apiVersions.get(API_KEYS[api])
    if (theirs === undefined || theirs.min > versions.max || theirs.max < versions.min) {
      throw new WireError(`the broker takes no ${api} request of this client`, 'connection')
    }
    const version = Math.min(versions.max, theirs.max)
    const { request, response } = protocol(kafkajs, version, toParameters(parameters))
    const own = api === 'Produce' ? { encode: async () => encodeProduce(parameters as ProduceRequest) } : {}
    try {
      const answer = await this.#request({ request: { ...request, ...own }, response })
      this.#answered = true
      return toAnswer(answer)
    } catch (err) {
      const wanted = await this.#wantedMechanisms(err)
      throw wanted.length > 0 ? credentialsWanted(wanted, err) : this.#diagnosis.errorOf(err, 'request')
    }
  }

  /** The mechanisms of a broker that refused the first request because it wants credentials; else none. */
  async #wantedMechanisms (error: unknown): Promise<readonly string[]> {
    if (this.#options.sasl || this.#answered || !isBroken(error)) return []
    return await this.#ask({}, async (probe) => {
      const answer = await probe.#request(protocol('SaslHandshake', 1, { mechanism: 'PLAIN' })) as HandshakeAnswer
      return answer.enabledMechanisms
    }) ?? []
  }

  /** A proxy in front of a node that is down closes connections, too: only an answer tells that the port has no TLS. */
  async #answersWithoutTls (): Promise<boolean> {
    return await this.#ask({ ssl: undefined, sasl: undefined }, async () => true) ?? false
  }

  /** Asks over another connection. Undefined when there is no answer in time, or when this one is closed. */
  async #ask<Answer> (
    changes: Partial<ConnectionOptions>, ask: (probe: Connection) => Promise<Answer>
  ): Promise<Answer | undefined> {
    if (this.#closed) return undefined
    const probe = this.#probe = new Connection(this.#address, { ...this.#options, ...changes })
    let answer: Answer | undefined
    const asking = probe.connect(NEVER_ABORTED).then(() => ask(probe)).then((given) => { answer = given }, () => {})
    await within(systemClock, PROBE_TIMEOUT, asking)
    probe.close()
    return answer
  }

  /** kafkajs's own `disconnect` would wait for answers. */
  close (): void {
    this.#closed = true
    this.#probe?.close()
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
      const answer = await this.#request(protocol('ApiVersions', version)).catch((err: { readonly type?: string }) => {
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
        if (this.#diagnosis.received(bytes)) throw new Error('the broker speaks TLS')
        processData(bytes)
        if (connection.bytesNeeded > MAX_FRAME) throw new Error(`an answer claims ${connection.bytesNeeded} bytes`)
      } catch (err) {
        for (const socket of this.#sockets) socket.destroy(toError(err))
      }
    }
  }

  #track (target: object, connect: SocketFactory): Socket {
    const socket = this.#create(target, connect)
    this.#sockets.add(socket)
    this.#diagnosis.watch(socket)
    return socket.once('close', () => this.#sockets.delete(socket))
  }

  #create (target: object, connect: SocketFactory): Socket {
    try {
      return connect(target)
    } catch (err) {
      this.#diagnosis.optionsRefused(err)
      throw err
    }
  }
}

function protocol (name: string, version: number, parameters: object = {}): ProtocolRequest {
  const { requests } = loadKafkajs()('src/protocol/requests/index.js')
  return requests[name]!.protocol({ version })(parameters)
}
