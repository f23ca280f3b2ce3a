import type { Options } from './options.js'
import type { Random } from './random.js'

const APP_FAULTS = ['app-kill', 'app-stop', 'app-expire', 'app-block'] as const
const BROKER_FAULTS = ['broker-kill', 'broker-restart', 'broker-stop'] as const
/** Between the processes and one node. They are shorter than the session. */
const NETWORK_FAULTS = ['net-swallow', 'net-cut', 'net-delay', 'net-half-open'] as const
/** After these nothing is done twice. */
const CLEAN_FAULTS = ['app-term', 'scale-out', 'scale-in', 'partitions-added', 'coordinator-moved'] as const
/** What the group or the log has is gone: much is done twice, or not at all. They only come when they are asked for. */
const FORGETFUL_FAULTS = ['group-deleted', 'topic-recreated'] as const

export const FAULT_KINDS = [
  ...APP_FAULTS, ...BROKER_FAULTS, ...NETWORK_FAULTS, ...CLEAN_FAULTS, ...FORGETFUL_FAULTS, 'letters-refused'
] as const
export type FaultKind = typeof FAULT_KINDS[number]

export interface PlannedFault {
  readonly kind: FaultKind
  /** Which one of those that there are then: from 0 to below 1. */
  readonly target: number
  /** How long it lasts, where it does not end by itself; ms */
  readonly hold: number
}

export interface Step {
  readonly faults: readonly PlannedFault[]
  /** Before it, ms */
  readonly pause: number
}

/** As often as they come in forty. Scaling turns from out to in and back. */
const DECK: ReadonlyArray<readonly [kind: FaultKind | 'scale', times: number]> = [
  ['app-kill', 4], ['app-term', 4], ['app-stop', 2], ['app-expire', 1], ['app-block', 2], ['scale', 4],
  ['broker-kill', 4], ['broker-restart', 3], ['broker-stop', 2], ['partitions-added', 2], ['letters-refused', 2],
  ['net-swallow', 2], ['net-cut', 2], ['net-delay', 2], ['net-half-open', 2], ['coordinator-moved', 2]
]
const SHORT_DECK: ReadonlyArray<FaultKind | 'scale'> = [
  'app-kill', 'app-term', 'scale', 'broker-kill', 'app-stop', 'partitions-added', 'letters-refused', 'scale'
]

const HOLDS: { readonly [_ in FaultKind]?: readonly [low: number, high: number] } = {
  'app-kill': [0, 4000],
  'app-stop': [8000, 8000],
  // Longer than the session, which is 30 s.
  'app-expire': [36_000, 36_000],
  'app-block': [10_000, 10_000],
  'broker-kill': [3000, 9000],
  'broker-stop': [15_000, 15_000],
  'letters-refused': [12_000, 20_000],
  'net-swallow': [4000, 10_000],
  'net-cut': [1000, 4000],
  'net-delay': [6000, 10_000],
  'net-half-open': [500, 2000],
  'scale-in': [2000, 5000]
}
const SHORT_HOLDS: typeof HOLDS = { ...HOLDS, 'letters-refused': [5000, 5000] }

/** How often a process and a broker are hit at the same time. */
const TOGETHER = 0.2

/** What will be done to the cluster and the processes: the same for the same seed. */
export function planFaults (
  random: Random, { faults: count, short, only }: Pick<Options, 'faults' | 'short' | 'only'>
): Step[] {
  const kinds = only === undefined
    ? direct(random.shuffled(
      short ? SHORT_DECK.slice(0, count) : deal(random, count)
    ))
    : Array<FaultKind>(count).fill(only)
  const steps: Step[] = []
  for (let i = 0; i < kinds.length; i++) {
    const kind = kinds[i] as FaultKind
    const next = kinds[i + 1]
    const together = next !== undefined && mayCoincide(kind, next) && random.next() < TOGETHER
    const faults = (together ? [kind, next] : [kind]).map((kind) => planFault(kind, random, short))
    steps.push({ faults, pause: random.integer(500, short ? 1500 : 2500) })
    if (together) i++
  }
  return steps
}

function planFault (kind: FaultKind, random: Random, short: boolean): PlannedFault {
  const [low, high] = (short ? SHORT_HOLDS : HOLDS)[kind] ?? [0, 0]
  return { kind, target: random.next(), hold: random.integer(low, high) }
}

/** Of each kind one at least, if there is room for it. */
function deal (random: Random, count: number): Array<FaultKind | 'scale'> {
  // Out and in.
  const ofEach = [...DECK.map(([kind]) => kind), 'scale' as const]
  const others = random.shuffled(DECK.flatMap(
    ([kind, times]) => Array<typeof kind>(kind === 'scale' ? times - 2 : times - 1).fill(kind)
  ))
  const deck = [...random.shuffled(ofEach), ...others]
  return Array.from({ length: count }, (_, i) => deck[i % deck.length] as FaultKind | 'scale')
}

function direct (kinds: ReadonlyArray<FaultKind | 'scale'>): FaultKind[] {
  let scaled = 0
  return kinds.map((kind) => kind !== 'scale' ? kind : scaled++ % 2 === 0 ? 'scale-out' : 'scale-in')
}

/** What is left alone shows what a clean stop repeats: nothing. */
function mayCoincide (a: FaultKind, b: FaultKind): boolean {
  const alone = (kind: FaultKind): boolean => isClean(kind) || isNetworkFault(kind) || isForgetful(kind)
  return isBrokerFault(a) !== isBrokerFault(b) && !alone(a) && !alone(b)
}

export function isNetworkFault (kind: FaultKind): boolean {
  return (NETWORK_FAULTS as readonly FaultKind[]).includes(kind)
}

export function isForgetful (kind: FaultKind): boolean {
  return (FORGETFUL_FAULTS as readonly FaultKind[]).includes(kind)
}

export function isBrokerFault (kind: FaultKind): boolean {
  return (BROKER_FAULTS as readonly FaultKind[]).includes(kind)
}

export function isClean (kind: FaultKind): boolean {
  return (CLEAN_FAULTS as readonly FaultKind[]).includes(kind)
}
