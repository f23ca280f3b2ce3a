import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { FASTSTREAM_ERR_LOCAL_KAFKA } from '../../errors.js'
import { startGuard } from './guard.js'
import { resolveJars, userCache } from './jars.js'
import { Java, served } from './java.js'
import { freePorts } from './ports.js'
import { HOST, nodeSettings, writeSettings } from './settings.js'

const NO_SHELL = 'it needs the shell of Linux or macOS: use WSL, or name a running cluster in KAFKA_BROKERS'

/** Cluster of one node, broker and controller in one. */
export interface LocalCluster {
  readonly brokers: readonly string[]
  /** Directory of its data. */
  readonly directory: string
  stop (): Promise<void>
}

/**
 * Starts a cluster, which ends with this process at the latest. Resolves once it serves.
 *
 * @throws FASTSTREAM_ERR_LOCAL_KAFKA
 */
export async function startNode (): Promise<LocalCluster> {
  if (process.platform === 'win32') throw new FASTSTREAM_ERR_LOCAL_KAFKA(NO_SHELL)
  const jars = await resolveJars(userCache())
  const directory = await mkdtemp(join(tmpdir(), 'faststream-kafka-'))
  const guard = startGuard(directory)
  try {
    const [port, controllerPort] = await freePorts(2)
    const java = await Java.of(jars, directory)
    const settings = await writeSettings(directory, 1, {
      ...nodeSettings(directory, 1, 1),
      'controller.quorum.voters': `1@${HOST}:${controllerPort}`,
      listeners: `PLAINTEXT://${HOST}:${port},CONTROLLER://${HOST}:${controllerPort}`,
      'advertised.listeners': `PLAINTEXT://${HOST}:${port}`,
      'listener.security.protocol.map': 'PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT'
    })
    await java.format([settings])
    await served(java.start(settings, guard))
    return { brokers: [`${HOST}:${port}`], directory, stop: () => guard.stop() }
  } catch (error) {
    await guard.stop()
    throw error
  }
}
