import { GROUP, TOPIC } from './app.js'
import { evidenceOf } from './verdict.js'
import { lagOf, membersOf } from './evidence.js'
import { rage } from './nemesis.js'
import { Publisher } from './publisher.js'
import { withoutRealTime } from './real-time.js'
import { isComplete } from './judge.js'
import { World, type WorldOptions } from './world.js'

/** Virtual time that a calm cluster and its apps may take until all is done, ms. */
const PATIENCE = 300_000
/** Virtual time that apps may take to stop, ms. */
const STOP = 30_000

export interface Result {
  readonly seed: number
  /** What is wrong. None: all promises were kept. */
  readonly wrong: readonly string[]
  readonly trace: string
  /** Results that were taken back because one before them had failed. */
  readonly withdrawn: number
  readonly events: number
  /** Virtual, ms */
  readonly time: number
}

/** Simulates one seed, from the start of the apps to their end. */
export async function simulate (options: WorldOptions): Promise<Result> {
  const world = new World(options)
  return await withoutRealTime(world.scheduler, world.random, world.leaks, () => live(world, options.seed))
}

async function live (world: World, seed: number): Promise<Result> {
  const { scheduler, setting, trace } = world
  trace.note(JSON.stringify({ seed, ...setting }))
  const rejections: unknown[] = []
  const note = (reason: unknown): void => { rejections.push(reason) }
  process.on('unhandledRejection', note)
  try {
    const wrong = await unfold(world)
    for (const reason of rejections) {
      wrong.push(`a rejection is not handled: ${reason instanceof Error ? reason.stack : String(reason)}`)
    }
    for (const leak of world.leaks) wrong.push(`real time: ${leak}`)
    const { withdrawn } = world
    return { seed, wrong, trace: trace.digest(), withdrawn, events: scheduler.count, time: scheduler.now }
  } finally {
    process.off('unhandledRejection', note)
  }
}

async function unfold (world: World): Promise<string[]> {
  const { scheduler, setting, trace } = world
  const publisher = new Publisher(world)
  for (let i = 0; i < setting.members; i++) world.startApp()
  const state = { raged: false, stopped: false }
  if (setting.offsetReset === 'latest') await scheduler.run(() => hasBegun(world), PATIENCE)
  publisher.run()
  rage(world, publisher).then(() => { state.raged = true })
  await scheduler.run(() => state.raged, scheduler.now + setting.storm + PATIENCE)
  trace.note('calm')

  const isDone = (): boolean => publisher.isIdle && lagOf(world).length === 0 &&
    world.group.state === 'Stable' && isComplete(membersOf(world))
  let checked = -1
  // Looked at now and then: it takes a while.
  const isDoneNow = (): boolean => {
    if (scheduler.now < checked) return false
    checked = scheduler.now + 100
    return isDone()
  }
  const done = state.raged && await scheduler.run(isDoneNow, scheduler.now + PATIENCE)
  for (const fault of world.faults) fault.recovered = scheduler.now
  const wrong = evidenceOf(world)
  if (!done) {
    wrong.unshift(
      `not done: ${JSON.stringify({
        raged: state.raged,
        published: publisher.isIdle,
        group: world.group.state,
        ...membersOf(world),
        lag: lagOf(world)
      })}`
    )
  }

  const apps = world.runningApps
  Promise.all([...apps.map((app) => app.stop()), publisher.close()]).then(() => { state.stopped = true })
  if (!await scheduler.run(() => state.stopped, scheduler.now + STOP)) wrong.push('apps do not stop')
  return wrong
}

/** The group has stored where it begins: what is published from now on must be read. */
function hasBegun ({ cluster }: World): boolean {
  return cluster.partitions(TOPIC).every(({ partition }) => cluster.store.offset(GROUP, TOPIC, partition) !== undefined)
}
