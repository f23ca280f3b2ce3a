import {
  type Api, API_KEYS, type Requests, type VersionRange, type Wire, type WireConnection, WireError
} from '../../lib/transport/kafka/wire.js'

type Handler<Kind extends Api> = (
  parameters: Requests[Kind]['parameters'], address: string
) => Requests[Kind]['answer'] | Promise<Requests[Kind]['answer']>

/** What each kind of request is answered with. An error that a handler throws ends the connection. */
export type Handlers = { [Kind in Api]?: Handler<Kind> }

export interface FakeWire extends Wire {
  handlers: Handlers
  /** Every request that was sent, as `address kind`. */
  readonly sent: string[]
  /** Connections that are open now. */
  readonly open: Set<FakeConnection>
  /** How many connections were made. */
  made: number
  /** What the next connections tell about the broker. */
  ranges: Map<number, VersionRange>
  /** What the next attempts to connect wait for. */
  connecting: (address: string) => Promise<void>
  /** ms that the sessions of the next connections last. */
  sessionLifetime: number | undefined
}

export interface FakeConnection extends WireConnection {
  readonly address: string
}

const RANGE = { min: 0, max: 9 }

/** A wire to nodes that answer as the test says. */
export function fakeWire (handlers: Handlers = {}): FakeWire {
  const apis = Object.keys(API_KEYS) as Api[]
  const wire: FakeWire = {
    handlers,
    sent: [],
    open: new Set(),
    made: 0,
    versions: new Map(apis.map((api) => [api, RANGE])),
    ranges: new Map(Object.values(API_KEYS).map((key) => [key, RANGE])),
    connecting: async () => {},
    sessionLifetime: undefined,
    async connect (address, signal) {
      const aborted = new Promise<never>((_resolve, reject) => {
        signal.addEventListener('abort', () => { reject(new WireError('aborted', 'connection')) }, { once: true })
      })
      await Promise.race([wire.connecting(address), aborted])
      wire.made++
      let end = (): void => {}
      const ended = new Promise<never>((_resolve, reject) => {
        end = () => { reject(new WireError('closed', 'connection')) }
      })
      ended.catch(() => {})
      const connection: FakeConnection = {
        address,
        apiVersions: wire.ranges,
        sessionLifetime: wire.sessionLifetime,
        get open () { return wire.open.has(connection) },
        async send (api, parameters) {
          wire.sent.push(`${address} ${api}`)
          const handler = wire.handlers[api] as Handler<typeof api> | undefined
          if (handler === undefined) throw new WireError(`no answer to ${api}`, 'connection')
          return await Promise.race([ended, handler(parameters, address)])
        },
        close () {
          wire.open.delete(connection)
          end()
        }
      }
      wire.open.add(connection)
      return connection
    }
  }
  return wire
}

/** One node, `a:1`, that leads these topics, by their number of partitions. */
export function metadataOf (topics: Readonly<Record<string, number>>): Handler<'Metadata'> {
  return ({ topics: asked }) => ({
    brokers: [{ nodeId: 1, host: 'a', port: 1 }],
    controllerId: 1,
    topics: (asked ?? Object.keys(topics)).map((topic) => ({
      topic,
      errorCode: topics[topic] === undefined ? 3 : 0,
      partitions: Array.from({ length: topics[topic] ?? 0 }, (_, partition) => ({ partition, errorCode: 0, leader: 1 }))
    }))
  })
}
