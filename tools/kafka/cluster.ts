import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { startGuard } from '../../lib/testing/local-kafka/guard.js'
import { resolveJars } from '../../lib/testing/local-kafka/jars.js'
import { Java, served } from '../../lib/testing/local-kafka/java.js'
import { freePorts } from '../../lib/testing/local-kafka/ports.js'
import { HOST } from '../../lib/testing/local-kafka/settings.js'
import { makeCertificates } from './certificates.js'
import {
  scramArguments, type SecurePorts, secureListeners, type Security, securitySettings, type User
} from './security.js'
import { type NodeAddress, type ProxiedAddress, writeNode } from './settings.js'

/** A real Kafka of this process's own. Nodes count from 0. */
export interface Cluster {
  readonly brokers: readonly string[]
  /** Of each node, for clients that a proxy stands in front of. */
  readonly proxied: readonly ProxiedAddress[]
  /** Its data. */
  readonly directory: string
  /** Its listeners that ask clients who they are, where `users` were given. */
  readonly security: Security | undefined
  /** The node's process, while it runs. */
  pid (node: number): number | undefined
  /** SIGKILL: the node is gone without a word. */
  kill (node: number): Promise<void>
  /** SIGSTOP: the node keeps its connections and says nothing. */
  freeze (node: number): void
  thaw (node: number): void
  /** Starts a killed node on its old data; resolves once it serves. */
  up (node: number): Promise<void>
  /** Ends every node and removes the data. May be called twice. */
  stop (): Promise<void>
}

const CACHE = fileURLToPath(new URL('.cache/', import.meta.url))
/** Of one node. */
const PORTS = 7
type Ports = [number, number, number, number, number, number, number]

export interface ClusterOptions {
  readonly nodes: 1 | 3
  /**
   * Users of SASL. With them the cluster has an authorizer, and listeners for SASL, TLS, and both beside its plain one,
   * whose clients may do everything.
   */
  readonly users?: readonly User[]
  /** ms after which clients of the listener with SASL and TLS must have proven again who they are; left out: none. */
  readonly sessionLifetime?: number
}

/** Starts 1 or 3 nodes, broker and controller in one, and resolves once all of them serve. They end with this process at the latest. */
export async function startCluster ({ nodes, users, sessionLifetime }: ClusterOptions): Promise<Cluster> {
  const jars = await resolveJars(CACHE)
  const directory = await mkdtemp(join(tmpdir(), 'faststream-kafka-'))
  const guard = startGuard(directory)
  const ports = await freePorts(nodes * PORTS)
  const addresses = Array.from(
    { length: nodes }, (_, node) => addressOf(ports.slice(node * PORTS), users !== undefined)
  )
  const certificates = users === undefined ? undefined : await makeCertificates(directory, HOST)
  const secured = certificates === undefined ? {} : securitySettings(users!, certificates, sessionLifetime)
  const java = await Java.of(jars, directory)
  const settings = await Promise.all(addresses.map((_, node) => writeNode(directory, node + 1, addresses, secured)))
  const running = new Map<number, ChildProcess>()

  async function up (node: number): Promise<void> {
    if (running.has(node)) throw new Error(`node ${node} runs already`)
    const broker = java.start(settings[node]!, guard)
    running.set(node, broker)
    broker.once('exit', () => running.delete(node))
    await served(broker)
  }

  function signal (node: number, name: NodeJS.Signals): ChildProcess {
    const broker = running.get(node)
    if (broker === undefined) throw new Error(`node ${node} does not run`)
    broker.kill(name)
    return broker
  }

  const cluster: Cluster = {
    brokers: addresses.map(({ port }) => `${HOST}:${port}`),
    proxied: addresses.map(({ proxied }) => proxied),
    directory,
    security: certificates && {
      saslPlaintext: addresses.map(({ saslPlaintext }) => `${HOST}:${saslPlaintext}`),
      saslSsl: addresses.map(({ saslSsl }) => `${HOST}:${saslSsl}`),
      ssl: addresses.map(({ ssl }) => `${HOST}:${ssl}`),
      ca: certificates.ca,
      client: certificates.client
    },
    pid: (node) => running.get(node)?.pid,
    async kill (node) {
      await once(ref(signal(node, 'SIGKILL')), 'exit')
    },
    freeze: (node) => { signal(node, 'SIGSTOP') },
    thaw: (node) => { signal(node, 'SIGCONT') },
    up,
    stop: () => guard.stop()
  }

  try {
    await java.format(settings, scramArguments(users ?? []))
    await Promise.all(settings.map((_, node) => up(node)))
    return cluster
  } catch (error) {
    await guard.stop()
    throw error
  }
}

function addressOf (ports: readonly number[], secure: boolean): NodeAddress & SecurePorts {
  const [port, controllerPort, proxied, proxyPort, saslPlaintext, saslSsl, ssl] = ports as Ports
  const more = { saslPlaintext, saslSsl, ssl }
  const moreListeners = secure ? secureListeners(more) : ''
  return { port, controllerPort, proxied: { port: proxied, proxyPort }, ...more, moreListeners }
}

/** What is waited for keeps the process alive. */
function ref (broker: ChildProcess): ChildProcess {
  broker.ref()
  return broker
}
