import type { Socket } from 'node:net'

/* Modules of kafkajs 2.2.4 that we use. Its package has no types of them. */

export interface ProtocolRequest {
  readonly request: { readonly apiKey?: number }
  readonly response: { decode (bytes: Buffer): Promise<unknown>, parse? (answer: unknown): Promise<unknown> }
}

interface RequestDefinition {
  protocol (options: { version: number }): (parameters?: object) => ProtocolRequest
}

/** Members of kafkajs's `Connection` that we use. */
export interface KafkajsConnection {
  /** Bytes that the frame which is being received has. */
  readonly bytesNeeded: number
  /** Its credentials; null: none. */
  sasl: object | null
  isConnected (): boolean
  connect (): Promise<unknown>
  setVersions (versions: object): void
  setSupportAuthenticationProtocol (isSupported: boolean): void
  authenticate (): Promise<void>
  processData (bytes: Buffer): void
  send (request: ProtocolRequest): Promise<unknown>
}

/** The modules that we load, by their paths in the package. */
export interface KafkajsModules {
  'src/loggers/index.js': { createLogger (options: object): unknown, readonly LEVELS: { readonly INFO: number } }
  'src/network/connection.js': new (options: object) => KafkajsConnection
  'src/network/socketFactory.js': () => (target: object) => Socket
  'src/protocol/requests/index.js': { readonly requests: Readonly<Record<string, RequestDefinition | undefined>> }
}
