import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { makeCertificates } from './certificates.js'
import { resolveJars } from './jars.js'
import { freePorts } from './ports.js'
import {
  scramArguments, type SecurePorts, secureListeners, type Security, securitySettings, type User
} from './security.js'
import { host, type NodeAddress, type ProxiedAddress, writeLogSettings, writeSettings } from './settings.js'

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

const jvm = [
  '-Xms64m', '-Xmx256m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', '-XX:MaxMetaspaceSize=160m', '-XX:-UsePerfData',
  '-Djava.awt.headless=true', '-Dfile.encoding=UTF-8'
]
const startTimeout = 60_000
/** Of one node. */
const PORTS = 7
type Ports = [number, number, number, number, number, number, number]
const guardScript = fileURLToPath(new URL('guard.sh', import.meta.url))

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
  const jars = await resolveJars()
  const directory = await mkdtemp(join(tmpdir(), 'faststream-kafka-'))
  const guard = startGuard(directory)
  const ports = await freePorts(nodes * PORTS)
  const addresses = Array.from(
    { length: nodes }, (_, node) => addressOf(ports.slice(node * PORTS), users !== undefined)
  )
  const certificates = users === undefined ? undefined : await makeCertificates(directory, host)
  const secured = certificates === undefined ? {} : securitySettings(users!, certificates, sessionLifetime)
  const java = [...jvm, ...await writeLogSettings(directory), '-classpath', `${jars}/*`]
  const settings = await Promise.all(addresses.map((_, node) => writeSettings(directory, node + 1, addresses, secured)))
  const running = new Map<number, ChildProcess>()

  async function up (node: number): Promise<void> {
    if (running.has(node)) throw new Error(`node ${node} runs already`)
    const broker = spawn('java', [...java, 'kafka.Kafka', settings[node]!], {
      stdio: ['ignore', 'pipe', 'pipe'], detached: true
    })
    guard.watch(broker)
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
    brokers: addresses.map(({ port }) => `${host}:${port}`),
    proxied: addresses.map(({ proxied }) => proxied),
    directory,
    security: certificates && {
      saslPlaintext: addresses.map(({ saslPlaintext }) => `${host}:${saslPlaintext}`),
      saslSsl: addresses.map(({ saslSsl }) => `${host}:${saslSsl}`),
      ssl: addresses.map(({ ssl }) => `${host}:${ssl}`),
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
    async stop () {
      const ended = [...running.values()].map((broker) => once(ref(broker), 'exit'))
      await guard.stop()
      await Promise.all(ended)
    }
  }

  try {
    const clusterId = `k${randomBytes(16).toString('base64url').slice(1)}`
    await Promise.all(settings.map((path) => format(java, clusterId, path, scramArguments(users ?? []))))
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

async function format (
  java: readonly string[], clusterId: string, settings: string, scram: readonly string[]
): Promise<void> {
  const command = ['kafka.tools.StorageTool', 'format', '--cluster-id', clusterId, '--config', settings, ...scram]
  await promisify(execFile)('java', [...java, ...command])
    .catch((error: NodeJS.ErrnoException) => {
      const missing = 'java was not found (install Java 17, or set KAFKA_BROKERS to use a running cluster)'
      const reason = error.code === 'ENOENT' ? missing : error.message
      throw new Error(`Kafka's storage could not be formatted: ${reason}`, { cause: error })
    })
}

/** Resolves when the node says that it serves; rejects with the end of its log when it does not get there. */
async function served (broker: ChildProcess): Promise<void> {
  let log = ''
  return new Promise((resolve, reject) => {
    const failed = (what: string) => reject(new Error(`a Kafka node ${what}:\n${log.slice(-4000)}`))
    const timer = setTimeout(() => failed(`did not start within ${startTimeout} ms`), startTimeout)
    broker.once('error', reject)
    broker.once('exit', () => failed('ended'))
    broker.once('close', () => clearTimeout(timer))
    // Read to the end, also after the start: a full pipe would stop the node.
    for (const stream of [broker.stdout!, broker.stderr!]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        log = (log + text).slice(-8000)
        if (!log.includes('Kafka Server started')) return
        clearTimeout(timer)
        resolve()
      })
    }
  })
}

interface Guard {
  watch (broker: ChildProcess): void
  stop (): Promise<void>
}

/** A shell that ends the nodes when this process is gone, or says so. Nothing here keeps this process alive. */
function startGuard (directory: string): Guard {
  // Its own process group, so that a Ctrl-C in the terminal does not end it before it has done its work.
  const guard = spawn('sh', [guardScript, directory], { stdio: ['pipe', 'ignore', 'inherit'], detached: true })
  const ended = once(guard, 'exit')
  unref(guard, guard.stdin)

  return {
    watch (broker) {
      unref(broker, broker.stdout, broker.stderr)
      if (broker.pid !== undefined) guard.stdin.write(`${broker.pid}\n`)
    },
    async stop () {
      guard.ref()
      guard.stdin.end()
      await ended
    }
  }
}

/** What is waited for keeps the process alive. */
function ref (broker: ChildProcess): ChildProcess {
  broker.ref()
  return broker
}

function unref (...handles: ReadonlyArray<object | null>): void {
  for (const handle of handles) {
    if (handle !== null && 'unref' in handle && typeof handle.unref === 'function') handle.unref()
  }
}
