import type { Log } from '../../lib/log.js'
import { App, GROUP, LETTERS, RESULTS, SIDE, TOPIC } from './app.js'
import { Cluster } from './cluster.js'
import { Random, type Effect, type FaultKind, type FaultRecord, type Published } from './judge.js'
import { Network } from './network.js'
import { EPOCH, Process } from './process.js'
import type { Leaks } from './real-time.js'
import { Scheduler } from './scheduler.js'
import { chooseSetting, type Climate, type Setting } from './setting.js'
import { Trace } from './trace.js'
import { Weather } from './weather.js'

export interface WorldOptions {
  readonly seed: number
  /** Where each line of what happens goes; without it there is none. */
  readonly print?: ((line: string) => void) | undefined
  /** Instead of the climate that the seed has. */
  readonly climate?: Climate | undefined
  /** Clocks are set back by as much as their processes were frozen, which the core does not stand yet. */
  readonly clocksJump?: boolean | undefined
}

/** One simulated cluster with its apps, and what is noted of them for the judge. All chance comes from the seed. */
export class World {
  readonly random: Random
  readonly scheduler = new Scheduler()
  readonly trace: Trace
  readonly setting: Setting
  readonly cluster: Cluster
  readonly weather: Weather
  readonly network: Network
  readonly leaks: Leaks = new Set()
  readonly apps: App[] = []
  readonly published: Published[] = []
  readonly effects: Effect[] = []
  readonly sideEffects = new Set<string>()
  readonly faults: Array<FaultRecord & { recovered: number | undefined }> = []
  readonly died: string[] = []
  readonly clocksJump: boolean
  growths = 0
  /** Results that were taken back because one before them had failed. */
  withdrawn = 0

  constructor ({ seed, print, climate, clocksJump = true }: WorldOptions) {
    this.clocksJump = clocksJump
    this.random = new Random(seed)
    this.trace = new Trace(this.scheduler, print)
    const setting = chooseSetting(this.random)
    this.setting = climate === undefined ? setting : { ...setting, climate }
    this.cluster = new Cluster(this.scheduler, this.random)
    this.weather = new Weather(this.random, () => { this.moveSomething() })
    this.network = new Network(this.cluster, this.weather, this.trace)
    this.cluster.createTopic(TOPIC, this.setting.partitions)
    this.cluster.createTopic(LETTERS, 1)
    if (this.setting.side) this.cluster.createTopic(SIDE, 2)
    if (this.setting.results) this.cluster.createTopic(RESULTS, 2, this.setting.resultBytes)
  }

  get runningApps (): App[] {
    return this.apps.filter(({ isRunning }) => isRunning)
  }

  /** The true time, ms since the epoch. */
  get now (): number {
    return EPOCH + Math.floor(this.scheduler.now)
  }

  process (name: string): Process {
    return new Process(name, this.scheduler, this.random)
  }

  logOf (name: string): Log {
    const at = (level: string): Log['info'] => (details, message) => {
      this.trace.comment(`${name} ${level} ${message}`, () => describe(details))
    }
    return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') }
  }

  /** `slot`: of the process that it replaces. */
  startApp (slot = this.apps.length + 1): void {
    const app = new App(this, `app-${this.apps.length + 1}`, slot)
    this.apps.push(app)
    app.start().catch((err: Error) => { this.died.push(`${app.name}: ${err.stack}`) })
  }

  fault (kind: FaultKind, targets: readonly string[], end = this.scheduler.now): void {
    this.trace.note(`FAULT ${kind} ${targets.join()}`)
    this.faults.push({ kind, step: 0, targets, start: this.scheduler.now, end, recovered: undefined })
  }

  moveSomething (): void {
    const { random, cluster } = this
    const to = random.pick(cluster.live)
    if (random.next() < 0.3) {
      this.trace.note(`the coordinator moves to node-${to}`)
      cluster.moveCoordinator(to)
    } else {
      const partition = random.pick([TOPIC, LETTERS, RESULTS].flatMap((topic) => cluster.partitions(topic)))
      this.trace.note(`${partition.topic} ${partition.partition} is led by node-${to}`)
      cluster.moveLeader(partition, to)
    }
  }

  /** The group in the memory of its coordinator. */
  get group () {
    return this.cluster.node(this.cluster.coordinator.nodeId).coordinator.group(GROUP)
  }
}

function describe (details: object): string {
  return JSON.stringify(details, (_, value) => {
    if (value instanceof Error) return `${value.name}: ${value.message}`
    return typeof value === 'bigint' ? Number(value) : value
  })
}
