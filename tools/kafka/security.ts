import type { Certificates } from './certificates.js'
import { HOST } from '../../lib/testing/local-kafka/settings.js'

/** A user of both PLAIN and SCRAM. A user has no rights before ACLs give some. */
export interface User {
  readonly username: string
  readonly password: string
}

/** A port of a node for each protocol. */
export interface SecurePorts {
  readonly saslPlaintext: number
  readonly saslSsl: number
  /** TLS with a certificate of the client. */
  readonly ssl: number
}

/** What clients need to use the listeners that ask who they are. */
export interface Security extends Pick<Certificates, 'ca' | 'client'> {
  readonly saslPlaintext: readonly string[]
  readonly saslSsl: readonly string[]
  readonly ssl: readonly string[]
}

const MODULES = 'org.apache.kafka.common.security'
const MECHANISMS = ['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512', 'OAUTHBEARER']
const LISTENERS = { saslPlaintext: 'SASL_PLAINTEXT', saslSsl: 'SASL_SSL', ssl: 'SSL' } as const

/**
 * Settings of a node with an authorizer. Clients of the plain listener are `User:ANONYMOUS`, who may do everything:
 * the brokers themselves, and what prepares a test. `sessionLifetime`: ms, on the SASL_SSL listener (KIP-368).
 */
export function securitySettings (
  users: readonly User[], { caFile, serverFile }: Certificates, sessionLifetime?: number
): Readonly<Record<string, string>> {
  const session = MECHANISMS.map((mechanism) => (
    [`listener.name.sasl_ssl.${mechanism.toLowerCase()}.connections.max.reauth.ms`, String(sessionLifetime)]))
  return {
    ...sessionLifetime === undefined ? {} : Object.fromEntries(session),
    'authorizer.class.name': 'org.apache.kafka.metadata.authorizer.StandardAuthorizer',
    'super.users': 'User:ANONYMOUS',
    'ssl.keystore.type': 'PEM',
    'ssl.keystore.location': serverFile,
    'ssl.truststore.type': 'PEM',
    'ssl.truststore.location': caFile,
    'listener.name.ssl.ssl.client.auth': 'required',
    ...saslSettings('sasl_plaintext', users),
    ...saslSettings('sasl_ssl', users)
  }
}

/** The part of `listeners` and of `advertised.listeners`. */
export function secureListeners (ports: SecurePorts): string {
  return Object.entries(LISTENERS)
    .map(([name, protocol]) => `,${protocol}://${HOST}:${ports[name as keyof SecurePorts]}`).join('')
}

/** Arguments of Kafka's StorageTool that store the SCRAM passwords. */
export function scramArguments (users: readonly User[]): readonly string[] {
  return users.flatMap(({ username, password }) => ['SCRAM-SHA-256', 'SCRAM-SHA-512'].flatMap((mechanism) => (
    ['--add-scram', `${mechanism}=[name=${username},password=${password}]`])))
}

function saslSettings (listener: string, users: readonly User[]): Readonly<Record<string, string>> {
  const passwords = users.map(({ username, password }) => ` user_${username}="${password}"`).join('')
  const modules: Readonly<Record<string, string>> = {
    PLAIN: `${MODULES}.plain.PlainLoginModule required${passwords};`,
    'SCRAM-SHA-256': `${MODULES}.scram.ScramLoginModule required;`,
    'SCRAM-SHA-512': `${MODULES}.scram.ScramLoginModule required;`,
    // Takes unsigned tokens, whose `sub` is the user.
    OAUTHBEARER: `${MODULES}.oauthbearer.OAuthBearerLoginModule required unsecuredLoginStringClaim_sub="broker";`
  }
  const jaas = MECHANISMS.map((mechanism) => (
    [`listener.name.${listener}.${mechanism.toLowerCase()}.sasl.jaas.config`, modules[mechanism]!]))
  return { [`listener.name.${listener}.sasl.enabled.mechanisms`]: MECHANISMS.join(), ...Object.fromEntries(jaas) }
}
