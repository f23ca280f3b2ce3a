import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import Fastify, { type FastifyInstance, type FastifyPluginAsync } from 'fastify'
import fp from 'fastify-plugin'
import { useByDefault } from '../broker/app-brokers.js'
import { SYSTEM } from '../broker/environment.js'
import { createMemoryCluster, createMemoryTransport } from '../transport/memory/index.js'
import { membersOf } from '../members.js'
import { importApp } from './import-app.js'
import { UsageError } from './usage-error.js'

/** Where an app is looked for when none is named. */
const FILES = ['app.js', 'app.ts', 'src/app.js', 'src/app.ts', 'dist/app.js', 'server.js', 'server.ts', 'src/server.ts']
/** Functions that build an app, as people name them. */
const BUILDERS = ['build', 'buildApp', 'createApp', 'buildServer']

/** How an app is loaded. */
export interface Loading {
  /** The file; undefined: one of the usual names in this folder. */
  readonly file: string | undefined
  /** False: no cluster is contacted. */
  readonly connects: boolean
}

/**
 * Loads an app to look at it: no subscriber joins its group, no function of the lifecycle runs, and no topic is made.
 *
 * @throws UsageError when there is no app
 */
export async function loadApp ({ file, connects }: Loading): Promise<FastifyInstance> {
  const cluster = createMemoryCluster()
  useByDefault({
    ...SYSTEM,
    isInspected: true,
    options: { topics: connects ? 'ignore' : 'create', startup: 'strict' },
    ...!connects && { createTransport: async () => createMemoryTransport({ cluster }) }
  })
  const app = await appIn(fileOf(file))
  // The output of a command is its own.
  app.log.level = 'silent'
  await app.ready()
  if (!app.hasDecorator('broker')) {
    throw new UsageError('the app has no broker: it does not register fastify-faststream')
  }
  return app
}

/** The file of the app that a command names, or else that has one of the usual names. @throws UsageError */
export function fileOf (file: string | undefined): string {
  const found = file ?? FILES.find((each) => existsSync(each))
  if (found === undefined) throw new UsageError(`name the file of the app: there is none of ${FILES.join(', ')}`)
  if (!existsSync(found)) throw new UsageError(`there is no file ${found}`)
  return resolve(found)
}

async function appIn (file: string): Promise<FastifyInstance> {
  const exported = membersOf(await importApp(file))
  const [name] = ['app', ...BUILDERS, 'default'].filter((name) => exported[name] !== undefined)
  const found = name === undefined ? undefined : exported[name]
  if (isApp(found)) return found
  if (typeof found !== 'function') {
    throw new UsageError(`${file} exports no app: export 'app', a function 'build', or a plugin as default`)
  }
  // As fastify-cli has it: a plugin takes the app.
  if (name === 'default' && found.length > 0) {
    const app = Fastify({ logger: false })
    // Without a scope of its own, so that what it adds is seen here.
    await app.register(fp(found as FastifyPluginAsync))
    return app
  }
  const built: unknown = await Reflect.apply(found, undefined, [])
  if (isApp(built)) return built
  throw new UsageError(`'${name}' of ${file} returns no Fastify instance`)
}

function isApp (value: unknown): value is FastifyInstance {
  return typeof value === 'object' && value !== null && 'server' in value && 'ready' in value
}
