import { systemClock, type Clock } from '../clock.js'
import { FASTSTREAM_ERR_TEST_BROKER } from '../errors.js'
import { noSurplus } from '../options/assert.js'
import type { TestClock } from './clock-types.js'
import { milliseconds, VirtualClock } from './virtual-clock.js'

/** Clocks that a test can choose. */
export const CLOCKS = ['system', 'automatic', 'manual'] as const
export type ClockName = typeof CLOCKS[number]

const CURE = "the clock is that of the system: write clock: 'manual' or clock: 'automatic' to advance it"

/** What a clock must know of the brokers to move by itself. */
export interface Activity {
  /** Calls its listener after each change, until the function that it returns is called. */
  onChange (this: void, listener: () => void): () => void
  /** True while a handler runs or a publish has no outcome, so that no time may pass by itself. */
  isBusy (this: void): boolean
}

/** Time of a test: that of the system, or one that stands still and is advanced. */
export class TestTime implements TestClock {
  readonly #virtual: VirtualClock | undefined
  readonly #isBusy: (() => boolean) | undefined

  /** Without `activity` it is the time of the system. */
  constructor (name: ClockName = 'system', activity?: Activity) {
    this.#virtual = name === 'system' || activity === undefined ? undefined : new VirtualClock(activity.onChange)
    this.#isBusy = name === 'automatic' ? activity?.isBusy : undefined
  }

  get isVirtual (): boolean {
    return this.#virtual !== undefined
  }

  get clock (): Clock {
    return this.#virtual ?? systemClock
  }

  get now (): Date {
    return new Date(this.clock.now())
  }

  advance = async (by: number | string, ...surplus: unknown[]): Promise<void> => {
    noSurplus('advance(by)', surplus)
    const ms = milliseconds('by', by)
    if (this.#virtual === undefined) throw new FASTSTREAM_ERR_TEST_BROKER(CURE)
    await this.#virtual.advance(ms)
  }

  /** Lets an automatic clock pass while a test waits. */
  async during<T> (waiting: Promise<T>): Promise<T> {
    const clock = this.#virtual
    const isBusy = this.#isBusy
    if (clock === undefined || isBusy === undefined) return await waiting
    const state = { isOver: false }
    const end = (): void => { state.isOver = true }
    waiting.then(end, end)
    while (!state.isOver) {
      await clock.quiet()
      if (!state.isOver && !isBusy()) clock.jump()
    }
    return await waiting
  }

  /** Real time goes on: the apps close. */
  release (): void {
    this.#virtual?.release()
  }
}
