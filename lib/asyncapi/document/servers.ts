import type { AsyncapiObject } from '../../../types/asyncapi.js'
import { withDefaults } from '../../options/assert.js'
import { FASTSTREAM_ERR_INVALID_OPTION } from '../../errors.js'
import type { Described } from './description.js'
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
  readonly #ids = new Map<Described, string>()

  constructor (brokers: readonly Described[], { servers, showHosts }: Pick<AsyncapiSettings, 'servers' | 'showHosts'>) {
    const unknown = Object.keys(servers).find((name) => !brokers.some((broker) => broker.name === name))
    if (unknown !== undefined) {
      const cure = `is the name of no broker: there are ${brokers.map(({ name }) => name).join(', ')}`
      throw new FASTSTREAM_ERR_INVALID_OPTION(`asyncapi.servers.${unknown}`, cure)
    }
    for (const broker of brokers.filter(isShown)) {
      const id = this.#names.give(toName(broker.name), broker.name)
      this.#ids.set(broker, id)
      this.servers[id] = {
        ...withDefaults<AsyncapiObject>({
          ...hostOf(broker, showHosts),
          protocol: broker.secure ? 'kafka-secure' : 'kafka',
          ...this.#security(broker)
        }, { ...servers[broker.name] }),
        // Of a host that is written, nothing is a variable.
        ...(servers[broker.name]?.host !== undefined && { variables: undefined })
      }
    }
  }

  refer (broker: Described): AsyncapiObject {
    return { $ref: `#/servers/${this.#ids.get(broker)}` }
  }

  get securitySchemes (): Record<string, AsyncapiObject> | undefined {
    return this.#securitySchemes.size === 0 ? undefined : byName(this.#securitySchemes)
  }

  #security ({ authentication }: Described): AsyncapiObject {
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

function hostOf ({ host = 'memory' }: Described, shown: boolean): AsyncapiObject {
  if (shown || host === 'memory') return { host }
  // The field is required; a variable without values says that there is a host to ask for.
  return { host: '{host}', variables: { host: { description: 'Not shown in production' } } }
}
