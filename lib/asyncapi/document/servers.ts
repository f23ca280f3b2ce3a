import type { AsyncapiObject } from '../../../types/asyncapi.js'
import { withDefaults } from '../../options/assert.js'
import { FASTSTREAM_ERR_INVALID_OPTION } from '../../errors.js'
import type { Described, DescribedServer } from './description.js'
import { byName, Names, toName } from './names.js'
import type { AsyncapiSettings } from '../settings.js'

const SCHEMES: Readonly<Record<string, AsyncapiObject>> = {
  plain: { type: 'plain', description: 'SASL PLAIN' },
  'scram-sha-256': { type: 'scramSha256', description: 'SASL SCRAM-SHA-256' },
  'scram-sha-512': { type: 'scramSha512', description: 'SASL SCRAM-SHA-512' },
  // Where tokens come from is the app's own business.
  oauthbearer: { type: 'oauth2', description: 'SASL OAUTHBEARER', flows: {} },
  tls: { type: 'X509', description: 'TLS client certificate' }
}

/** A server for each cluster, and how clients authenticate there. */
export class Servers {
  readonly servers: Record<string, AsyncapiObject> = {}
  readonly #securitySchemes = new Map<string, AsyncapiObject>()
  readonly #names = new Names()
  readonly #ids = new Map<Described, readonly string[]>()

  constructor (brokers: readonly Described[], settings: Pick<AsyncapiSettings, 'servers' | 'showHosts'>) {
    const known = brokers.flatMap(({ servers }) => servers.map(({ name }) => name))
    const unknown = Object.keys(settings.servers).find((name) => !known.includes(name))
    if (unknown !== undefined) {
      const cure = `is the name of no broker and of no cluster: there are ${known.join(', ')}`
      throw new FASTSTREAM_ERR_INVALID_OPTION(`asyncapi.servers.${unknown}`, cure)
    }
    for (const broker of brokers.filter(isShown)) {
      this.#ids.set(broker, broker.servers.map((server) => this.#add(broker, server, settings)))
    }
  }

  /** All clusters on which the channels of a broker may be. */
  refer (broker: Described): readonly AsyncapiObject[] {
    return this.#ids.get(broker)!.map((id) => ({ $ref: `#/servers/${id}` }))
  }

  #add (
    broker: Described, server: DescribedServer, { servers, showHosts }: Pick<AsyncapiSettings, 'servers' | 'showHosts'>
  ): string {
    const written = servers[server.name]
    const id = this.#names.give(toName(server.name), `${broker.name} ${server.name}`)
    this.servers[id] = {
      ...withDefaults<AsyncapiObject>({
        ...hostOf(server, showHosts),
        protocol: server.secure ? 'kafka-secure' : 'kafka',
        ...this.#security(server)
      }, { ...written }),
      // Of a host that is written, nothing is a variable.
      ...(written?.host !== undefined && { variables: undefined })
    }
    return id
  }

  get securitySchemes (): Record<string, AsyncapiObject> | undefined {
    return this.#securitySchemes.size === 0 ? undefined : byName(this.#securitySchemes)
  }

  #security ({ authentication }: DescribedServer): AsyncapiObject {
    if (authentication === undefined) return {}
    const name = toName(authentication)
    const userPassword = { type: 'userPassword', description: `SASL ${authentication.toUpperCase()}` }
    this.#securitySchemes.set(name, SCHEMES[authentication] ?? userPassword)
    return { security: [{ $ref: `#/components/securitySchemes/${name}` }] }
  }
}

function isShown ({ includeInSchema, subscribers, publishers }: Described): boolean {
  return includeInSchema || subscribers.length > 0 || publishers.length > 0
}

function hostOf ({ host = 'memory' }: DescribedServer, shown: boolean): AsyncapiObject {
  if (shown || host === 'memory') return { host }
  // The field is required; a variable without values says that there is a host to ask for.
  return { host: '{host}', variables: { host: { description: 'Not shown in production' } } }
}
