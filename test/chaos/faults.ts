import { setTimeout as sleep } from 'node:timers/promises'
import type { Cluster } from '../../tools/kafka/cluster.js'
import type { App, Apps } from './apps.js'
import type { Control } from './control.js'
import type { FaultRecord } from './history.js'
import type { FaultKind, PlannedFault } from './plan.js'
import type { Proxy, Trouble } from './proxy.js'
import { now } from './time.js'

export interface World {
  readonly cluster: Cluster
  readonly apps: Apps
  readonly control: Control
  /** Of each node. */
  readonly proxies: readonly Proxy[]
}

/** The target and the time; undefined: there was no target. */
export type Outcome = Pick<FaultRecord, 'targets' | 'stopped'> | undefined

export const USUAL = 3
const MOST = 5
const NODES = 3

/** What each kind does; it resolves when it is over. */
const FAULTS: { readonly [_ in FaultKind]: (world: World, planned: PlannedFault) => Promise<Outcome> } = {
  'app-kill': ({ apps }, planned) => onApp(apps, planned, async (app) => {
    await apps.kill(app)
    await sleep(planned.hold)
    await apps.start()
  }),

  'app-term': ({ apps }, planned) => onApp(apps, planned, async (app) => {
    const stopped = await apps.term(app)
    await apps.start()
    return stopped
  }),

  'app-stop': freeze,
  'app-expire': freeze,

  'app-block': ({ apps }, planned) => onApp(apps, planned, (app) => apps.block(app, planned.hold)),

  async 'scale-out' ({ apps }) {
    const missing = MOST - apps.alive.length
    if (missing <= 0) return undefined
    await Promise.all(Array.from({ length: missing }, () => apps.start()))
    return { targets: apps.live.slice(-missing).map(({ name }) => name) }
  },

  async 'scale-in' ({ apps }, { hold }) {
    const leaving = apps.live.slice(1)
    if (leaving.length === 0) return undefined
    const times = await Promise.all(leaving.map((app) => apps.term(app)))
    await sleep(hold)
    await Promise.all(Array.from({ length: USUAL - apps.alive.length }, () => apps.start()))
    return { targets: leaving.map(({ name }) => name), stopped: Math.max(...times) }
  },

  'broker-kill': ({ cluster }, planned) => onNode(planned, async (node) => {
    await cluster.kill(node)
    await sleep(planned.hold)
    await cluster.up(node)
  }),

  'broker-restart': ({ cluster }, planned) => onNode(planned, async (node) => {
    process.kill(cluster.pid(node) as number, 'SIGTERM')
    while (cluster.pid(node) !== undefined) await sleep(50)
    await cluster.up(node)
  }),

  'broker-stop': ({ cluster }, planned) => onNode(planned, async (node) => {
    cluster.freeze(node)
    await sleep(planned.hold)
    cluster.thaw(node)
  }),

  'net-swallow': disturb('swallow'),
  'net-cut': disturb('cut'),
  'net-delay': disturb('delay'),
  'net-half-open': disturb('half-open'),

  async 'coordinator-moved' ({ control }) {
    return { targets: [await control.moveCoordinator()] }
  },

  async 'group-deleted' ({ control }) {
    await control.deleteGroup()
    return { targets: [] }
  },

  async 'topic-recreated' ({ control }) {
    await control.recreateTopic()
    return { targets: [] }
  },

  async 'partitions-added' ({ control }) {
    await control.addPartitions()
    return { targets: [] }
  },

  async 'letters-refused' ({ control }, { hold }) {
    await control.refuseLetters(true)
    await sleep(hold)
    await control.refuseLetters(false)
    return { targets: [] }
  }
}

function disturb (trouble: Trouble): (world: World, planned: PlannedFault) => Promise<Outcome> {
  return ({ proxies }, planned) => onNode(planned, async (node) => {
    proxies[node]?.begin(trouble)
    await sleep(planned.hold)
    proxies[node]?.end()
  })
}

async function freeze ({ apps }: World, planned: PlannedFault): Promise<Outcome> {
  return await onApp(apps, planned, async (app) => {
    apps.freeze(app)
    await sleep(planned.hold)
    apps.thaw(app)
  })
}

async function onApp (
  apps: Apps, { target }: PlannedFault, hit: (app: App) => Promise<number | void>
): Promise<Outcome> {
  const app = apps.live[Math.floor(target * apps.live.length)]
  if (app === undefined) return undefined
  const stopped = await hit(app)
  return { targets: [app.name], ...(typeof stopped === 'number' && { stopped }) }
}

async function onNode ({ target }: PlannedFault, hit: (node: number) => Promise<void>): Promise<Outcome> {
  const node = Math.floor(target * NODES)
  await hit(node)
  return { targets: [`node-${node}`] }
}

/** Does what was planned, and notes when. */
export async function commit (
  world: World, planned: PlannedFault, step: number
): Promise<Omit<FaultRecord, 'recovered'> | undefined> {
  const start = now()
  const outcome = await FAULTS[planned.kind](world, planned)
  return outcome && { kind: planned.kind, step, start, end: now(), ...outcome }
}
