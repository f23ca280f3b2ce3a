import type { FastifyInstance } from 'fastify'
import { useByDefault } from '../broker/app-brokers.js'
import { SYSTEM } from '../broker/environment.js'
import { createMemoryCluster, createMemoryTransport } from '../transport/memory/index.js'
import { appIn, fileOf, requireBroker } from './find-app.js'

/** How an app is loaded. */
export interface Loading {
  /** The file; undefined: one of the usual names in this folder. */
  readonly file: string | undefined
  /** What stands behind `--`: options of the app. */
  readonly rest: readonly string[]
  /** False: no cluster is contacted. */
  readonly connects: boolean
}

/**
 * Loads an app to look at it: no subscriber joins its group, no function of the lifecycle runs, and no topic is made.
 *
 * @throws UsageError when there is no app
 */
export async function loadApp ({ file, rest, connects }: Loading): Promise<FastifyInstance> {
  const cluster = createMemoryCluster()
  useByDefault({
    ...SYSTEM,
    isInspected: true,
    options: { topics: connects ? 'ignore' : 'create', startup: 'strict' },
    ...!connects && { createTransport: async () => createMemoryTransport({ cluster }) }
  })
  const app = await appIn(fileOf(file), rest, false)
  // The output of a command is its own.
  app.log.level = 'silent'
  await app.ready()
  requireBroker(app)
  return app
}
