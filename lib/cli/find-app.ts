import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import Fastify, { type FastifyInstance, type FastifyPluginAsync, type FastifyServerOptions } from 'fastify'
import fp from 'fastify-plugin'
import { membersOf } from '../members.js'
import { appOptionsOf, type AppOptions } from './app-options.js'
import { importApp } from './import-app.js'
import { UsageError } from './usage-error.js'

/** Where an app is looked for when none is named. */
const FILES = ['app.js', 'app.ts', 'src/app.js', 'src/app.ts', 'dist/app.js', 'server.js', 'server.ts', 'src/server.ts']
/** Functions that build an app, as people name them. */
const BUILDERS = ['build', 'buildApp', 'createApp', 'buildServer']

/** The file of the app that a command names, or else that has one of the usual names. @throws UsageError */
export function fileOf (file: string | undefined): string {
  const found = file ?? FILES.find((each) => existsSync(each))
  if (found === undefined) throw new UsageError(`name the file of the app: there is none of ${FILES.join(', ')}`)
  if (!existsSync(found)) throw new UsageError(`there is no file ${found}`)
  return resolve(found)
}

/**
 * The app that a file exports, builds, or is the plugin of, not yet ready. `rest`: what stands behind `--`. `logger`:
 * of an app that is made here.
 *
 * @throws UsageError when there is none, and when it cannot take the options
 */
export async function appIn (file: string, rest: readonly string[], logger: boolean): Promise<FastifyInstance> {
  const appOptions = appOptionsOf(rest)
  const exported = membersOf(await importApp(file))
  const { name, kind } = exportOf(file, exported)
  const found = exported[name]
  if (isApp(found)) {
    if (Object.keys(appOptions).length === 0) return found
    throw new UsageError(`${file} exports an app, which takes no options behind --: export a function 'build'`)
  }
  if (kind === 'plugin') {
    const app = Fastify({ logger, ...exported.options as FastifyServerOptions | undefined })
    // Without a scope of its own, so that what it adds is seen here.
    await app.register(fp(found as FastifyPluginAsync<AppOptions>), appOptions)
    return app
  }
  const built: unknown = await Reflect.apply(found as () => unknown, undefined, [appOptions])
  if (isApp(built)) return built
  throw new UsageError(`'${name}' of ${file} returns no Fastify instance`)
}

/** The export of a file that is an app, builds one, or is the plugin of one. */
export interface AppExport {
  readonly name: string
  readonly kind: 'app' | 'builder' | 'plugin'
}

/** @throws UsageError when there is none */
export function exportOf (file: string, exported: Readonly<Record<string, unknown>>): AppExport {
  const name = ['app', ...BUILDERS, 'default'].find((name) => exported[name] !== undefined)
  const found = name === undefined ? undefined : exported[name]
  if (name !== undefined && isApp(found)) return { name, kind: 'app' }
  if (name === undefined || typeof found !== 'function') {
    throw new UsageError(`${file} exports no app: export 'app', a function 'build', or a plugin as default`)
  }
  // As fastify-cli has it: a plugin takes the app, and 'options' are those of the server.
  return { name, kind: name === 'default' && found.length > 0 ? 'plugin' : 'builder' }
}

/** @throws UsageError */
export function requireBroker (app: FastifyInstance): void {
  // Also of one without the default name, and of another copy of this package.
  if (app.hasDecorator('brokers')) return
  throw new UsageError('the app has no broker: it does not register fastify-faststream')
}

function isApp (value: unknown): value is FastifyInstance {
  return typeof value === 'object' && value !== null && 'server' in value && 'ready' in value
}
