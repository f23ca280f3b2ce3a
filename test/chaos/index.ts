import { cp, mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startCluster } from '../../tools/kafka/cluster.js'
import { Apps } from './apps.js'
import { check } from './checker.js'
import { Control, type Names } from './control.js'
import { readEffects } from './effects.js'
import { USUAL, type World } from './faults.js'
import { isComplete, type History, type Membership } from './history.js'
import { wreak } from './nemesis.js'
import { readOptions, type Options } from './options.js'
import { planFaults } from './plan.js'
import { createSender, produce } from './producer.js'
import { Proxy } from './proxy.js'
import { Random } from './random.js'
import { readCommits, readLetters, readLog } from './read.js'
import { sinceRecreation } from './recreation.js'
import { report } from './report.js'
import { workload } from './workload.js'

// npm run chaos -- --seed 1: three real brokers, a producer, processes that consume, and what happens to all of them;
// then a checker.

const NAMES: Names = { topic: 'orders', letters: 'orders.dlq', group: 'shop' }
/** Messages that may wait when a fault is over: those of so many seconds. */
const ACCEPTABLE_LAG = 5
/** How long the last messages may take, and how long the last process to join; ms */
const LAST_MESSAGES = 120_000
const LAST_MEMBER = 40_000

interface Live extends World {
  readonly brokers: readonly string[]
  /** The same brokers, through the proxies: for what is under test. */
  readonly proxied: readonly string[]
  readonly options: Options
}

async function run (live: Live): Promise<History> {
  const { apps, control } = live
  await control.createTopics()
  await Promise.all(Array.from({ length: USUAL }, () => apps.start()))
  const { published, faults } = await work(live)
  if (!await control.eventually(async () => await control.lag() === 0, LAST_MESSAGES)) {
    say('some messages are not settled')
  }
  const members = await lastMembers(live)
  await Promise.all(apps.live.map((app) => apps.term(app)))
  return { published, faults, members, growths: control.growths, died: apps.died, ...await readBack(live) }
}

/** Messages are published for as long as there are faults. */
async function work ({ proxied, options, ...world }: Live): Promise<Pick<History, 'published' | 'faults'>> {
  const { seed, mode, messages, duration, limit } = options
  const rate = messages / duration
  const sender = await createSender(mode, proxied, NAMES.topic)
  let over = false
  const producing = produce(sender, workload(new Random(seed)), rate, (sent) => over && sent >= messages)
  const faults = await wreak(world, planFaults(new Random(~seed), options), limit * 1000, rate * ACCEPTABLE_LAG, say)
  over = true
  const published = await producing
  await sender.close()
  say(`${published.length} messages were published`)
  return { published, faults }
}

async function lastMembers ({ apps, control }: World): Promise<Membership> {
  const alive = apps.alive.map(({ name }) => name)
  let membership: Membership = { alive, members: [], assigned: 0, partitions: -1 }
  await control.eventually(async () => {
    membership = await control.membership(alive)
    return isComplete(membership)
  }, LAST_MEMBER)
  apps.measure()
  return membership
}

async function readBack ({ brokers, apps }: Live): Promise<Pick<History, 'log' | 'letters' | 'commits' | 'effects'>> {
  return {
    log: await readLog(brokers, NAMES.topic),
    letters: await readLetters(brokers, NAMES.letters),
    commits: await readCommits(brokers, NAMES.group, NAMES.topic),
    effects: apps.effectFiles.flatMap(readEffects)
  }
}

function say (line: string): void {
  console.error(line)
}

async function main (options: Options): Promise<void> {
  const { mode, ordering, keep } = options
  const directory = await mkdtemp(join(tmpdir(), 'faststream-chaos-'))
  const cluster = await startCluster({ nodes: 3 })
  const { brokers } = cluster
  const proxies = cluster.proxied.map((address) => new Proxy(address))
  await Promise.all(proxies.map((proxy) => proxy.listen()))
  const proxied = cluster.proxied.map(({ proxyPort }) => `127.0.0.1:${proxyPort}`)
  const program = new URL(mode === 'ours' ? 'app-ours.ts' : 'app-naive.ts', import.meta.url)
  const apps = new Apps(directory, program, [
    proxied.join(), NAMES.topic, NAMES.group, mode === 'ours' ? ordering : mode
  ])
  try {
    const history = await run({
      brokers, proxied, options, cluster, apps, proxies, control: new Control(brokers, NAMES)
    })
    const verdict = check(history)
    if (keep !== undefined) await writeFile(join(directory, 'history.json'), JSON.stringify(history))
    report(options, sinceRecreation(history), verdict, apps.largest)
    if (verdict.anomalies.size > 0) process.exitCode = 1
  } finally {
    if (keep !== undefined) await cp(directory, keep, { recursive: true })
    await apps.close()
    for (const proxy of proxies) proxy.close()
    await cluster.stop()
  }
}

await main(readOptions(process.argv.slice(2)))
