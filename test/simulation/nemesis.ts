import { SIDE, TOPIC } from './app.js'
import type { App } from './app.js'
import { CONSUMER } from '../../lib/options/consumer-options.js'
import { disturbResults } from './disturb-results.js'
import { transact } from './transaction.js'
import type { World } from './world.js'
import type { Publisher } from './publisher.js'

type Act = (world: World, publisher: Publisher) => Promise<void> | void

/** With these alone nothing is done twice. */
const CLEAN: readonly Act[] = [stopApp, startApp, replaceApp, addPartition, moveLeader]
const BROKERS: readonly Act[] = [killNode, freezeNode, moveLeader, moveCoordinator, moveCoordinator]
const NETWORK: readonly Act[] = [unplugApp, moveCoordinator, moveLeader]
const MEMBERS: readonly Act[] = [killApp, freezeApp, expireApp, startApp, replaceApp, setClockBack]
const SIDE_ACTS: readonly Act[] = [recreateSide, cutSide]

/** Does harm until the storm is over, then heals everything; what heals late does so in calm weather. */
export async function rage (world: World, publisher: Publisher): Promise<void> {
  const { random, setting, scheduler, weather } = world
  const acts = [...actsOf(world), ...setting.side ? SIDE_ACTS : [], ...setting.transactions ? [transact, transact] : []]
  weather.badness = setting.badness
  weather.restlessness = setting.restlessness
  weather.silence = setting.climate === 'quiet' ? 0 : 0.3
  const end = scheduler.now + setting.storm
  if (setting.climate !== 'quiet') world.fault('broker-stop', ['network'], end)
  const running: Array<Promise<void> | void> = setting.shaky ? [disturbResults(world, end)] : []
  for (let i = 0; i < setting.faults; i++) {
    await scheduler.sleep(random.next() * 2 * setting.storm / setting.faults)
    running.push(random.pick(acts)(world, publisher))
  }
  await scheduler.sleep(Math.max(0, end - scheduler.now))
  weather.badness = weather.restlessness = weather.silence = 0
  await Promise.all(running)
  if (setting.side && world.cluster.partitions(SIDE).length === 0) world.cluster.createTopic(SIDE, 2)
  if (setting.side) for (let i = 0; i < 3; i++) publisher.publishSide()
}

function actsOf ({ setting: { climate } }: World): readonly Act[] {
  if (climate === 'quiet') return CLEAN
  if (climate === 'brokers') return [...BROKERS, addPartition]
  if (climate === 'network') return [...NETWORK, addPartition, replaceApp]
  if (climate === 'members') return [...MEMBERS, addPartition]
  return [...BROKERS, ...NETWORK, ...MEMBERS, addPartition]
}

function anyApp ({ random, runningApps }: World): App | undefined {
  return runningApps.length === 0 ? undefined : random.pick(runningApps)
}

function startApp (world: World): void {
  if (world.runningApps.length >= 4) return
  world.fault('scale-out', [])
  world.startApp()
}

async function stopApp (world: World): Promise<void> {
  const app = anyApp(world)
  if (app === undefined || world.runningApps.length === 1) return
  world.fault('scale-in', [app.name])
  await app.stop()
}

async function replaceApp (world: World): Promise<void> {
  const app = anyApp(world)
  if (app === undefined) return
  world.fault('app-term', [app.name])
  await app.stop()
  world.startApp(app.slot)
}

async function killApp (world: World): Promise<void> {
  const app = anyApp(world)
  if (app === undefined) return
  world.fault('app-kill', [app.name])
  app.kill()
  await world.scheduler.sleep(world.random.integer(0, 4000))
  world.startApp(app.slot)
}

function freezeApp (world: World): Promise<void> {
  return freeze(world, 'app-stop', world.random.pick([200, 3000, 8000, 20_000]))
}

function expireApp (world: World): Promise<void> {
  return freeze(world, 'app-expire', CONSUMER.sessionTimeout.default + world.random.integer(500, 12_000))
}

async function freeze (world: World, kind: 'app-stop' | 'app-expire', ms: number): Promise<void> {
  const app = anyApp(world)
  if (app === undefined || app.process.isFrozen) return
  // Its answer is in the socket when it thaws, and is old then.
  if (world.random.next() < 0.5) {
    await Promise.race([world.network.sends(app.process, 'Heartbeat'), world.scheduler.sleep(2000)])
  }
  if (!app.isRunning || app.process.isFrozen) return
  // See `clocksJump`.
  if (kind === 'app-expire' && app.process.skew !== 0 && !world.clocksJump) return
  world.fault(kind, [app.name], world.scheduler.now + ms)
  app.process.freeze()
  await world.scheduler.sleep(ms)
  if (world.clocksJump) app.process.skew -= ms
  world.trace.note(`${app.name} thaws`)
  app.process.thaw()
}

function setClockBack (world: World): void {
  const app = anyApp(world)
  if (app === undefined || (app.process.isFrozen && !world.clocksJump)) return
  world.fault('app-block', [app.name])
  app.process.skew -= world.random.pick([500, 20_000, 3_600_000])
}

async function unplugApp (world: World): Promise<void> {
  const { cluster, random, network } = world
  const app = anyApp(world)
  const node = cluster.node(random.pick([...cluster.nodes.keys()]))
  if (app === undefined || network.isDown(app.process, node)) return
  const ms = random.integer(500, 15_000)
  world.fault('app-stop', [app.name], world.scheduler.now + ms)
  network.unplug(app.process, node)
  await world.scheduler.sleep(ms)
  network.plug(app.process, node)
}

async function killNode (world: World): Promise<void> {
  const { cluster, random, network } = world
  const id = downableNode(world)
  if (id === undefined) return
  world.fault('broker-stop', [`node-${id}`, 'killed'])
  cluster.kill(id)
  network.reset(cluster.node(id), random.next() < 0.3)
  await world.scheduler.sleep(random.integer(1000, 9000))
  cluster.revive(id)
}

async function freezeNode (world: World): Promise<void> {
  const { cluster, random } = world
  const id = downableNode(world)
  if (id === undefined) return
  world.fault('broker-stop', [`node-${id}`, 'frozen'])
  cluster.freeze(id)
  await world.scheduler.sleep(random.pick([500, 2600, 4000, 15_000]))
  cluster.revive(id)
  // A newcomer may believe it, as long as it does not know better.
  if (random.next() < 0.5) startApp(world)
}

/** One at a time: with two of three gone nothing can be written. */
function downableNode ({ cluster, random }: World): number | undefined {
  const all = [...cluster.nodes.values()]
  return all.every(
    ({ process }) => process.isUp
  ) && cluster.live.length === all.length
    ? random.pick(all).id
    : undefined
}

function moveLeader ({ cluster, random, trace }: World): void {
  const partition = random.pick(cluster.partitions(TOPIC))
  const to = random.pick(cluster.live)
  trace.note(`${partition.topic} ${partition.partition} is led by node-${to}`)
  cluster.moveLeader(partition, to)
}

function moveCoordinator ({ cluster, random, trace }: World): void {
  const to = random.pick(cluster.live)
  trace.note(`the coordinator moves to node-${to}`)
  cluster.moveCoordinator(to)
}

function addPartition (world: World): void {
  const { cluster } = world
  const count = cluster.partitions(TOPIC).length + 1
  if (count > 6) return
  world.fault('partitions-added', [])
  world.growths++
  cluster.addPartitions(TOPIC, count)
}

async function recreateSide ({ cluster, random, scheduler, trace }: World): Promise<void> {
  trace.note('side is deleted')
  cluster.deleteTopic(SIDE)
  await scheduler.sleep(random.integer(0, 8000))
  if (cluster.partitions(SIDE).length > 0) return
  trace.note('side is created')
  cluster.createTopic(SIDE, random.integer(1, 3))
}

/** As retention does: what was not read is gone. */
async function cutSide (world: World, publisher: Publisher): Promise<void> {
  const { cluster, random, trace, scheduler, setting: { buffer } } = world
  // A reader whose buffer is full stands before what is cut off.
  const messages = random.pick([20, Math.min(4 * buffer, 100)])
  for (let i = 0; i < messages; i++) publisher.publishSide()
  await scheduler.sleep(random.integer(5, 500))
  for (const partition of cluster.partitions(SIDE)) {
    const { highWatermark } = partition.newest
    const before = random.next() < 0.5 ? highWatermark : random.integer(0, highWatermark)
    trace.note(`side ${partition.partition} begins at ${before}`)
    cluster.deleteRecords(SIDE, partition.partition, before)
  }
}
