import type { TransportOptions } from '../../transport.js'
import { loadKafkajs } from '../../kafkajs/load.js'
import { InterruptedError, isFinal } from './protocol-errors.js'
import { createLogCreator } from '../../kafkajs/log.js'
import { Node } from './node.js'
import type { Api, ConnectionOptions } from './node.js'
import { Operation } from './retry-until.js'

interface MetadataAnswer {
  readonly brokers: ReadonlyArray<{ readonly nodeId: number, readonly host: string, readonly port: number }>
  readonly controllerId: number
  readonly topicMetadata: ReadonlyArray<{
    readonly topic: string
    readonly topicErrorCode: number
    readonly partitionMetadata: ReadonlyArray<{ readonly partitionId: number, readonly leader: number }>
  }>
}

export interface TopicMetadata {
  readonly errorCode: number
  /** Node id of the leader by partition, −1 while there is none. */
  readonly leaders: readonly number[]
}

/**
 * The connections of one client to a cluster. It stands in for KafkaJS's `Cluster`, which fails as a whole when
 * one topic of many is missing or one partition somewhere has no leader, and whose `disconnect` waits for answers.
 */
export class Cluster {
  readonly #options: ConnectionOptions
  readonly #nodes = new Map<string, Node>()
  readonly #operations = new Set<Operation>()
  /** To be asked in this order; one that fails goes to the end. */
  #addresses: string[]
  #addressOf = new Map<number, string>()
  #controllerId = -1
  #closed = false

  /** `requestTimeout`: ms that a node may take to answer. */
  constructor ({ brokers, clientId, ssl, sasl, connectTimeout, log }: TransportOptions, requestTimeout = 5000) {
    const { createLogger, LEVELS } = loadKafkajs().load('src/loggers/index.js') as {
      createLogger (options: object): unknown
      LEVELS: { readonly INFO: number }
    }
    this.#addresses = [...brokers]
    this.#options = {
      clientId,
      ssl,
      sasl,
      connectionTimeout: Math.min(3000, connectTimeout / 3),
      requestTimeout,
      logger: createLogger({ level: LEVELS.INFO, logCreator: createLogCreator(log) })
    }
  }

  get requestTimeout (): number {
    return this.#options.requestTimeout
  }

  /** Runs `work` until `deadline` (ms since the epoch) or `close`; then nothing of it goes on. */
  async until<Result> (deadline: number, work: (operation: Operation) => Promise<Result>): Promise<Result> {
    if (this.#closed) throw new InterruptedError('closed')
    const operation = new Operation(deadline)
    this.#operations.add(operation)
    try {
      return await operation.run(work)
    } finally {
      this.#operations.delete(operation)
      if (operation.interrupted) this.#cut()
    }
  }

  async connect (operation: Operation): Promise<void> {
    await this.#first(operation, (node) => node.connect())
  }

  /** Asks one node after the other until one gives an answer that `check` does not throw at. */
  async ask<Answer> (operation: Operation, api: Api, parameters: object, check = (_answer: Answer): void => {}): Promise<Answer> {
    return await this.#first(operation, async (node) => {
      const answer = await node.request<Answer>(api, parameters)
      check(answer)
      return answer
    })
  }

  /** Learns who is in the cluster, and about `topics`: at least one, because for none Kafka tells about all. */
  async describe (operation: Operation, topics: readonly string[]): Promise<ReadonlyMap<string, TopicMetadata>> {
    const answer = await this.ask<MetadataAnswer>(operation, 'Metadata', { topics, allowAutoTopicCreation: false })
    this.#addressOf = new Map(answer.brokers.map(({ nodeId, host, port }) => [nodeId, `${host}:${port}`]))
    this.#addresses = [...new Set([...this.#addresses, ...this.#addressOf.values()])]
    this.#controllerId = answer.controllerId
    return new Map(answer.topicMetadata.map(({ topic, topicErrorCode, partitionMetadata }) => {
      const leaders = new Array<number>(partitionMetadata.length).fill(-1)
      for (const { partitionId, leader } of partitionMetadata) leaders[partitionId] = leader
      return [topic, { errorCode: topicErrorCode, leaders }]
    }))
  }

  /** Connected, or it rejects; `undefined` when the last `describe` did not name it. */
  async node (id: number): Promise<Node | undefined> {
    const address = this.#addressOf.get(id)
    if (address === undefined) return undefined
    return await this.#try(address, async (node) => {
      await node.connect()
      return node
    })
  }

  async controller (): Promise<Node | undefined> {
    return await this.node(this.#controllerId)
  }

  /** A node that did not answer is asked last from now on, over new connections. */
  drop (node: Node): void {
    node.cut()
    if (this.#nodes.get(node.address) === node) this.#nodes.delete(node.address)
    this.#addresses = [...this.#addresses.filter((address) => address !== node.address), node.address]
  }

  close (): void {
    this.#closed = true
    for (const operation of this.#operations) operation.interrupt('closed')
    this.#cut()
  }

  async #first<Result> (operation: Operation, work: (node: Node) => Promise<Result>): Promise<Result> {
    let failure: unknown
    for (const address of [...this.#addresses]) {
      operation.throwIfInterrupted()
      try {
        return await this.#try(address, work)
      } catch (err) {
        if (isFinal(err)) throw err
        failure = err
      }
    }
    throw failure
  }

  async #try<Result> (address: string, work: (node: Node) => Promise<Result>): Promise<Result> {
    const node = this.#nodes.get(address) ?? new Node(address, this.#options)
    this.#nodes.set(address, node)
    try {
      return await work(node)
    } catch (err) {
      this.drop(node)
      throw err
    }
  }

  #cut (): void {
    for (const node of this.#nodes.values()) node.cut()
    this.#nodes.clear()
  }
}
