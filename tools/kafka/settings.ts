import { HOST, nodeSettings, type Properties, writeSettings } from '../../lib/testing/local-kafka/settings.js'

export interface NodeAddress {
  readonly port: number
  readonly controllerPort: number
  readonly proxied: ProxiedAddress
  /** Listeners beside the plain and the proxied one, each with a comma before it. */
  readonly moreListeners?: string
}

/** A second listener, whose clients are sent to a proxy in front of it. */
export interface ProxiedAddress {
  readonly port: number
  /** Where the proxy has to listen. */
  readonly proxyPort: number
}

const PLAIN = ['PLAINTEXT', 'CONTROLLER', 'PROXIED']

/** Writes what node `id` (from 1) is started with, and returns the path of its properties. */
export async function writeNode (
  directory: string, id: number, addresses: readonly NodeAddress[], more: Properties = {}
): Promise<string> {
  const own = addresses[id - 1]
  if (own === undefined) throw new RangeError(`no node ${id}`)
  const listeners = (proxied: number) => (
    `PLAINTEXT://${HOST}:${own.port},PROXIED://${HOST}:${proxied}${own.moreListeners ?? ''}`)
  return await writeSettings(directory, id, {
    ...nodeSettings(directory, id, addresses.length),
    'controller.quorum.voters': addresses.map(
      ({ controllerPort }, index) => `${index + 1}@${HOST}:${controllerPort}`
    ).join(),
    listeners: `${listeners(own.proxied.port)},CONTROLLER://${HOST}:${own.controllerPort}`,
    'advertised.listeners': listeners(own.proxied.proxyPort),
    'listener.security.protocol.map':
      `${PLAIN.map((name) => `${name}:PLAINTEXT`).join()},SASL_PLAINTEXT:SASL_PLAINTEXT,SASL_SSL:SASL_SSL,SSL:SSL`,
    ...more
  })
}
