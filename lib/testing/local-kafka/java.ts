import { spawn, type ChildProcess } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { systemClock } from '../../clock.js'
import { FASTSTREAM_ERR_LOCAL_KAFKA } from '../../errors.js'
import type { Guard } from './guard.js'
import { run } from './run.js'
import { writeLogSettings } from './settings.js'

const INSTALL_JAVA =
  'java was not found: install Java 17 or later (Debian: apt install openjdk-17-jre-headless, macOS: brew install ' +
  'openjdk@17), or name a running cluster in KAFKA_BROKERS'
const JVM = [
  '-Xms64m', '-Xmx256m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', '-XX:MaxMetaspaceSize=160m', '-XX:-UsePerfData',
  '-Djava.awt.headless=true', '-Dfile.encoding=UTF-8'
]
/** Characters of the log of a node that an error shows. */
const SHOWN = 4000
/** Time that a node has to start, ms. */
const START_TIMEOUT = 60_000

/** Java with the classes of Kafka, for nodes whose data are in one directory. */
export class Java {
  readonly #args: readonly string[]

  private constructor (args: readonly string[]) {
    this.#args = args
  }

  static async of (jars: string, directory: string): Promise<Java> {
    return new Java([...JVM, ...await writeLogSettings(directory), '-classpath', `${jars}/*`])
  }

  /**
   * Formats the storage of all nodes of a new cluster, by the paths of their properties.
   *
   * @throws FASTSTREAM_ERR_LOCAL_KAFKA
   */
  async format (settings: readonly string[], more: readonly string[] = []): Promise<void> {
    const clusterId = `k${randomBytes(16).toString('base64url').slice(1)}`
    await Promise.all(settings.map(async (path) => {
      const command = ['kafka.tools.StorageTool', 'format', '--cluster-id', clusterId, '--config', path, ...more]
      await run('java', [...this.#args, ...command], INSTALL_JAVA)
    }))
  }

  /** Starts a node, which its guard ends. {@link served} resolves once it serves. */
  start (settings: string, guard: Guard): ChildProcess {
    const node = spawn('java', [...this.#args, 'kafka.Kafka', settings], {
      stdio: ['ignore', 'pipe', 'pipe'], detached: true
    })
    guard.watch(node)
    return node
  }
}

/**
 * Resolves when a node says that it serves.
 *
 * @throws FASTSTREAM_ERR_LOCAL_KAFKA with the end of its log when it does not get there
 */
export async function served (node: ChildProcess, timeout = START_TIMEOUT): Promise<void> {
  let log = ''
  await new Promise<void>((resolve, reject) => {
    const failed = (what: string): void => {
      cancel()
      reject(new FASTSTREAM_ERR_LOCAL_KAFKA(`the node ${what}:\n${log.slice(-SHOWN)}`))
    }
    const cancel = systemClock.schedule(timeout, () => { failed(`did not start within ${timeout} ms`) })
    node.once('error', ({ message }) => { failed(`could not be started (${message})`) })
    // Its last lines come before `close`.
    node.once('close', () => { failed('ended') })
    // Read to the end, also after the start: a full pipe would stop the node.
    for (const stream of [node.stdout, node.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        log = (log + text).slice(-2 * SHOWN)
        if (!log.includes('Kafka Server started')) return
        cancel()
        resolve()
      })
    }
  })
}
