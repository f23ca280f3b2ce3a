import type { FastifyBaseLogger } from 'fastify'
import { systemClock } from '../clock.js'
import { isPromise } from '../is-promise.js'
import { callable, integer, noSurplus, onlyKnown } from '../options/assert.js'
import { FASTSTREAM_ERR_INVALID_OPTION } from '../errors.js'
import { milliseconds } from './virtual-clock.js'

/**
 * Options of {@link benchmark}.
 *
 * @example
 * const options: BenchmarkOptions = { interval: '500 ms', window: 10, log: app.log }
 */
export interface BenchmarkOptions {
  /**
   * Time over which calls are counted: a number of seconds, or text such as `'500 ms'`. FastKafka: `interval`.
   *
   * @default 1
   */
  interval?: number | string | undefined
  /** Number of intervals of the sliding average. FastKafka: `sliding_window_size`. @default none: no average */
  window?: number | undefined
  /** Logger that gets a line for each interval. @default none */
  log?: Pick<FastifyBaseLogger, 'info'> | undefined
}

/**
 * Function whose calls are counted.
 *
 * @example
 * app.log.info({ perSecond: onOrder.throughput, average: onOrder.average })
 */
export interface Benchmarked {
  /** Calls per second in the last interval that is over; undefined before. */
  readonly throughput: number | undefined
  /** Average of the last `window` intervals; undefined without a window, or before the first interval is over. */
  readonly average: number | undefined
}

/**
 * Counts the calls of a handler or of a producing function that have ended. An interval ends with the first call after
 * its time, so nothing is told while no call comes. FastKafka: `benchmark`.
 *
 * @throws FASTSTREAM_ERR_INVALID_OPTION
 * @example
 * const onOrder = benchmark({ interval: 1, window: 5, log: app.log })((order: Order) => save(order))
 * app.broker.subscriber('orders', onOrder)
 */
export function benchmark (options: BenchmarkOptions = {}) {
  noSurplus('benchmark(options)', arguments, 1)
  onlyKnown('', options, ['interval', 'window', 'log'])
  const { interval = 1, window, log } = options
  const ms = typeof interval === 'number' ? interval * 1000 : milliseconds('interval', interval)
  if (!(ms > 0)) {
    throw new FASTSTREAM_ERR_INVALID_OPTION('interval', "must be more than 0: seconds, or text such as '1 s'")
  }
  if (window !== undefined) integer('window', window, 1)

  return function counted<This, A extends unknown[], R> (
    work: (this: This, ...args: A) => R
  ): ((this: This, ...args: A) => R) & Benchmarked {
    callable('function', work, 'must be a function: benchmark(options)(handler)')
    const intervals: number[] = []
    let calls = 0
    let began = systemClock.elapsed()

    function ended (): void {
      calls++
      const took = systemClock.elapsed() - began
      if (took < ms) return
      const throughput = calls / took * 1000
      intervals.push(throughput)
      if (intervals.length > (window ?? 1)) intervals.shift()
      calls = 0
      began = systemClock.elapsed()
      log?.info({ function: work.name, throughput, ...window !== undefined && { average: averageOf() } }, 'benchmark')
    }

    function averageOf (): number | undefined {
      if (window === undefined || intervals.length === 0) return undefined
      return intervals.reduce((sum, each) => sum + each, 0) / intervals.length
    }

    function benchmarked (this: This, ...args: A): R {
      const result = work.apply(this, args)
      if (isPromise<unknown>(result)) result.then(ended, ended)
      else ended()
      return result
    }
    const counters: PropertyDescriptorMap & ThisType<unknown> = {
      name: { value: work.name },
      throughput: { get: () => intervals.at(-1) },
      average: { get: averageOf }
    }
    return Object.defineProperties(benchmarked, counters) as typeof benchmarked & Benchmarked
  }
}
