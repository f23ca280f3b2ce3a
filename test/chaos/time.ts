/** ms on the machine's monotonic clock: the same in every process, and never set. */
export function now (): number {
  return Number(process.hrtime.bigint()) / 1e6
}

const since = Date.now() - now()

/** The same of a time by the calendar, which is what brokers write down. */
export function fromCalendar (ms: number): number {
  return ms - since
}
