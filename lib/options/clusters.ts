import type { ClusterOptions, FaststreamOptions } from '../../types/index.js'
import {
  FASTSTREAM_ERR_BROKERS_REQUIRED, FASTSTREAM_ERR_INVALID_OPTION, FASTSTREAM_ERR_UNKNOWN_CLUSTER
} from '../errors.js'
import { Sealed } from '../sealed.js'
import { isObject, onlyKnown } from './assert.js'
import { checkCredentials } from './connection.js'
import { resolveOptions, type Option, type OptionTable } from './option.js'
import { checkStartup } from './transport.js'

/** Options that say how the app reaches one cluster, each checked by itself. */
export interface ConnectionOptions {
  readonly brokers: readonly string[] | undefined
  readonly transport: FaststreamOptions['transport']
  readonly clientId: string
  readonly ssl: FaststreamOptions['ssl']
  readonly sasl: FaststreamOptions['sasl']
  readonly allowInsecureSasl: boolean
}

/** Way to one cluster, checked and complete. */
export interface ConnectionSettings extends Pick<ConnectionOptions, 'clientId' | 'allowInsecureSasl'> {
  readonly brokers: readonly string[]
  readonly transport: NonNullable<FaststreamOptions['transport']>
  readonly security: Sealed<Pick<FaststreamOptions, 'ssl' | 'sasl'>>
  /** False: neither `brokers` nor `transport` is written. */
  readonly isWritten: boolean
}

/** Clusters among which the app chooses, by name; empty without the option. */
export type Clusters = ReadonlyMap<string, ConnectionSettings>

type Startup = FaststreamOptions['startup']
type Table = OptionTable<ClusterOptions, ConnectionOptions>

export function checkClusters<T extends Readonly<Record<string, ClusterOptions>>> (option: string, clusters: T): T {
  if (!isObject(clusters) || Object.keys(clusters).length === 0) {
    const cure = "must be an object such as { localhost: { brokers: ['localhost:9092'] } }"
    throw new FASTSTREAM_ERR_INVALID_OPTION(option, cure)
  }
  return clusters
}

/** The way to a cluster; `path`: of its options, in errors. @throws FASTSTREAM_ERR_INVALID_OPTION */
export function connectionOf (own: ConnectionOptions, startup: Startup, path = ''): ConnectionSettings {
  const { brokers, transport = brokers === undefined ? 'memory' : 'kafkajs', clientId, allowInsecureSasl } = own
  if (transport === 'kafkajs' && brokers === undefined) {
    throw new FASTSTREAM_ERR_INVALID_OPTION(`${path}brokers`, "must be given with transport 'kafkajs'")
  }
  checkStartup(startup, transport)
  const { ssl, sasl } = own
  checkCredentials(brokers ?? [], { ssl, sasl, allowInsecureSasl })
  const isWritten = brokers !== undefined || own.transport !== undefined
  return Object.freeze({
    brokers: brokers ?? [], transport, clientId, allowInsecureSasl, security: new Sealed({ ssl, sasl }), isWritten
  })
}

/** All clusters, each over the options of the plugin, which are `own`. */
export function clustersOf (
  given: FaststreamOptions['clusters'], own: ConnectionOptions, table: Table, startup: Startup
): Clusters {
  return new Map(Object.entries(given ?? {}).map(([name, options]) => {
    const path = `clusters.${name}.`
    onlyKnown(path, options, Object.keys(table))
    return [name, connectionOf(resolveOptions(below(path, table), own, [options]), startup, path)] as const
  }))
}

/** A table whose errors name the options below `path`. */
function below (path: string, table: object): Table {
  const rows: ReadonlyArray<readonly [name: string, row: Option<unknown, unknown>]> = Object.entries(table)
  return Object.fromEntries(rows.map(([name, { check, ...row }]) => {
    const checkBelow: typeof check = (option, given, inherited) => check(path + option, given, inherited)
    return [name, { ...row, check: checkBelow }]
  })) as Table
}

/** The cluster that the options name: with one cluster none has to be named. */
export function chosenCluster (clusters: Clusters, cluster: string | undefined): ConnectionSettings | undefined {
  if (cluster !== undefined && clusters.size === 0) {
    throw new FASTSTREAM_ERR_INVALID_OPTION('cluster', "needs the option 'clusters'")
  }
  const names = [...clusters.keys()]
  const [first] = names
  if (first === undefined) return undefined
  if (cluster === undefined && names.length > 1) {
    throw new FASTSTREAM_ERR_INVALID_OPTION('cluster', `must name one of 'clusters': ${names.join(', ')}`)
  }
  return clusterNamed(clusters, cluster ?? first)
}

/**
 * Finds a cluster that may be used.
 *
 * @throws FASTSTREAM_ERR_UNKNOWN_CLUSTER
 */
export function clusterNamed (clusters: Clusters, name: string): ConnectionSettings {
  const cluster = clusters.get(name)
  if (cluster !== undefined) return cluster
  const known = clusters.size === 0 ? "none, for the option 'clusters' is not given" : [...clusters.keys()].join(', ')
  throw new FASTSTREAM_ERR_UNKNOWN_CLUSTER(String(name), known)
}

/** The in-memory cluster loses all messages when the process ends: in production it has to be written. */
export function requireWritten ({ isWritten }: ConnectionSettings): void {
  if (!isWritten && process.env.NODE_ENV === 'production') throw new FASTSTREAM_ERR_BROKERS_REQUIRED()
}
