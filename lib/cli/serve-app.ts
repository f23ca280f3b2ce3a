import cluster from 'node:cluster'
import { once } from 'node:events'
import type { FastifyInstance } from 'fastify'
import { useByDefault } from '../broker/app-brokers.js'
import { SYSTEM } from '../broker/environment.js'
import type { Call, ExitCode } from './command.js'
import { appIn, requireBroker } from './find-app.js'
import { leaveCluster } from './leave-cluster.js'
import { writeLine } from './output.js'
import type { Place } from './run-app.js'

/** Runs the app of a file until a signal ends it. */
export async function serveApp (file: string, place: Place, call: Call): Promise<ExitCode> {
  useByDefault(SYSTEM)
  return await listenUntilEnded(await appIn(file, call.rest, true), place, call, requireBroker)
}

/** Listens, and closes the app when the command is to end. `check`: called when the app is ready. */
export async function listenUntilEnded (
  app: FastifyInstance, place: Place, call: Pick<Call, 'signal' | 'out' | 'values'>, check = (_: FastifyInstance) => {}
): Promise<ExitCode> {
  const { signal } = call
  try {
    await app.ready()
    check(app)
    // A module may have called listen() by itself.
    if (!app.server.listening) await app.listen(place)
  } catch (error) {
    await app.close()
    throw error
  }
  const ended = once(app.server, 'close').then(() => 1 as const)
  tellListening(app.listeningOrigin, call)
  const aborted = signal.aborted ? undefined : once(signal, 'abort')
  const code = await Promise.race([ended, Promise.resolve(aborted).then(() => 0 as const)])
  await app.close()
  await leaveCluster(cluster.worker)
  return code
}

/** Of a worker, its supervisor tells it. */
function tellListening (address: string, { out, values }: Pick<Call, 'out' | 'values'>): void {
  if (process.env.FASTSTREAM_WORKER !== undefined) return
  if (values.json === true) writeLine(out, { event: 'listening', address, pid: process.pid })
  else out.write(`listening at ${address} (pid ${process.pid})\n`)
}
