import type { Socket } from 'node:net'
import { loadKafkajs } from '../../kafkajs/load.js'

export type Api = 'Metadata' | 'Produce' | 'InitProducerId' | 'CreateTopics'

interface ProtocolRequest {
  readonly request: unknown
  readonly response: { decode (bytes: Buffer): Promise<unknown>, parse (data: unknown): Promise<unknown> }
}

interface Broker {
  readonly connectionPool: { send (request: ProtocolRequest): Promise<unknown> }
  isConnected (): boolean
  connect (): Promise<void>
  lookupRequest (apiKey: number, definition: unknown): (parameters: object) => ProtocolRequest
}

type SocketFactory = (target: object) => Socket

/** What connects to a node: the options of KafkaJS's `ConnectionPool`. */
export interface ConnectionOptions {
  readonly clientId: string
  readonly ssl: unknown
  readonly sasl: unknown
  readonly connectionTimeout: number
  readonly requestTimeout: number
  readonly logger: unknown
}

const noConnection = new Error('the connection was cut')

/**
 * One node of the cluster: KafkaJS's connection, authentication and protocol, without its retries. Answers come
 * as the node sent them: KafkaJS's own `parse` throws the first error code that it meets and forgets the rows of
 * all other partitions, which may have been stored.
 */
export class Node {
  readonly address: string
  readonly #broker: Broker
  readonly #sockets = new Set<Socket>()

  constructor (address: string, options: ConnectionOptions) {
    this.address = address
    const { load } = loadKafkajs()
    const KafkajsBroker = load('src/broker/index.js') as new (options: object) => Broker
    const ConnectionPool = load('src/network/connectionPool.js') as new (options: object) => Broker['connectionPool']
    const connect = (load('src/network/socketFactory.js') as () => SocketFactory)()
    const colon = address.lastIndexOf(':')
    const connectionPool = new ConnectionPool({
      ...options,
      host: address.slice(0, colon).replace(/^\[(.*)\]$/, '$1'),
      port: Number(address.slice(colon + 1)),
      socketFactory: (target: object) => this.#track(connect(target))
    })
    this.#broker = new KafkajsBroker({ connectionPool, logger: options.logger, allowAutoTopicCreation: false })
  }

  async connect (): Promise<void> {
    if (!this.#broker.isConnected()) await this.#broker.connect()
  }

  async request<Answer> (api: Api, parameters: object): Promise<Answer> {
    await this.connect()
    const { load } = loadKafkajs()
    const { requests } = load('src/protocol/requests/index.js') as { requests: Record<Api, unknown> }
    const apiKeys = load('src/protocol/requests/apiKeys.js') as Record<Api, number>
    const { request, response } = this.#broker.lookupRequest(apiKeys[api], requests[api])(parameters)
    const asTheNodeSentIt = { decode: response.decode, parse: async (data: unknown) => data }
    return await this.#broker.connectionPool.send({ request, response: asTheNodeSentIt }) as Answer
  }

  /** Drops the connections at once; what waits for an answer rejects. KafkaJS's `disconnect` would wait for the answer. */
  cut (): void {
    for (const socket of this.#sockets) socket.destroy(noConnection)
  }

  #track (socket: Socket): Socket {
    this.#sockets.add(socket)
    return socket.once('close', () => this.#sockets.delete(socket))
  }
}
