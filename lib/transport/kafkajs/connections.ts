import type { Socket } from 'node:net'

interface Connection {
  socket?: Socket
  socketFactory (target: object): Socket
  disconnect (): Promise<unknown>
}

interface ConnectionPool {
  readonly pool: readonly Connection[]
}

interface ConnectionPoolBuilder {
  build (target?: object): Promise<ConnectionPool>
}

/** The part of KafkaJS's `BrokerPool` that makes connections. */
export interface Connecting {
  connectionPoolBuilder: ConnectionPoolBuilder
}

/** ms that a connection which is no longer wanted may wait for its last answers. */
const patience = 1000

/** Not `retriable`, so that whatever KafkaJS tries again with increasing pauses ends with it. */
const cutError = Object.assign(new Error('the connection was cut'), { retriable: false })

/** All connections of one client of KafkaJS. */
export class Connections {
  readonly #sockets = new Set<Socket>()
  #cut = false

  constructor (brokerPool: Connecting) {
    const { build } = brokerPool.connectionPoolBuilder
    brokerPool.connectionPoolBuilder = {
      build: async (target) => {
        if (this.#cut) throw cutError
        const connectionPool = await build(target)
        for (const connection of connectionPool.pool) this.#watch(connection)
        return connectionPool
      }
    }
  }

  /** Drops them at once, and no new one is made: what waits for an answer rejects, and so does what is tried again. */
  cut (): void {
    this.#cut = true
    for (const socket of this.#sockets) socket.destroy(cutError)
  }

  #watch (connection: Connection): void {
    const { socketFactory } = connection
    connection.socketFactory = (target) => {
      if (this.#cut) throw cutError
      const socket = socketFactory(target)
      this.#sockets.add(socket)
      return socket.once('close', () => this.#sockets.delete(socket))
    }
    // KafkaJS waits for answers without a time-out here: a node that hangs, and so is given up, would stop the consumer.
    const disconnect = connection.disconnect.bind(connection)
    connection.disconnect = async () => {
      const timer = setTimeout(() => connection.socket?.destroy(cutError), patience)
      try {
        return await disconnect()
      } finally {
        clearTimeout(timer)
      }
    }
  }
}
