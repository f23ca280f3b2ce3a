import { randomNumbers } from '../support/record-sets.js'
import type { CreateTarget, Target } from './target.js'

export interface FuzzOptions {
  readonly targets: readonly CreateTarget[]
  readonly seed: number
  /** The end of each target: after this many inputs, or this many ms. */
  readonly inputs?: number
  readonly duration?: number
  readonly print?: (line: string) => void
}

export interface Failure {
  readonly target: string
  /** The seed of the one input, for `--input`. */
  readonly input: number
  readonly error: unknown
}

/** ms of the processor that one input may take */
const LIMIT = 1000
/** ms that an input may take before it counts as one that never ends */
const PATIENCE = 30_000

/** Feeds the targets one after the other. A target ends at its first failure. */
export async function fuzz (
  { targets, seed, inputs = Infinity, duration = Infinity, print = () => {} }: FuzzOptions
): Promise<Failure[]> {
  const failures: Failure[] = []
  for (const create of targets) {
    const target = await create()
    const end = performance.now() + duration
    let count = 0
    let slowest = 0
    let failure: Failure | undefined
    while (failure === undefined && count < inputs && performance.now() < end) {
      const input = seedOf(seed, count++)
      const { error, took } = await runOne(target, input)
      slowest = Math.max(slowest, took)
      if (error !== undefined) failure = { target: target.name, input, error }
      // Synchronous targets must let timers run.
      if (count % 100 === 0) await new Promise((resolve) => { setImmediate(resolve) })
    }
    await target.close?.()
    print(
      `${target.name}: ${count} inputs, the slowest took ${slowest.toFixed(0)} ms${failure === undefined ? '' : ', FAILED'}`
    )
    if (failure !== undefined) failures.push(failure)
  }
  return failures
}

/** One input, also by hand: the same seed makes the same input. */
export async function runOne (target: Target, input: number): Promise<{
  readonly error: unknown, readonly took: number
}> {
  const before = process.cpuUsage()
  const error = await watched(target.name, async () => { await target.run(randomNumbers(input)) })
  const { user, system } = process.cpuUsage(before)
  const took = (user + system) / 1000
  return { error: error ?? (took > LIMIT ? new Error(`it took ${took.toFixed(0)} ms`) : undefined), took }
}

/** Rejections and errors that nothing catches are failures, too, and so is what never ends. */
async function watched (name: string, work: () => Promise<void>): Promise<unknown> {
  let fail = (_error: unknown): void => {}
  const uncaught = new Promise<never>((_resolve, reject) => { fail = reject })
  const timer = setTimeout(() => { fail(new Error(`${name} did not end within ${PATIENCE} ms`)) }, PATIENCE)
  process.on('uncaughtException', fail).on('unhandledRejection', fail)
  try {
    await Promise.race([work(), uncaught])
    return undefined
  } catch (error) {
    return error ?? new Error('it failed without an error')
  } finally {
    clearTimeout(timer)
    process.off('uncaughtException', fail).off('unhandledRejection', fail)
  }
}

function seedOf (seed: number, count: number): number {
  return (Math.imul(seed, 0x9E3779B1) + count) >>> 0
}
