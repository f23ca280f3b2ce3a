/** Timestamp of a record that has none. */
const NONE = -1

/**
 * Time of a record. Undefined when it has none, and when a Date cannot hold it, as that of a client which counts
 * nanoseconds.
 */
export function dateOf (timestamp: number): Date | undefined {
  return timestamp === NONE ? undefined : validDate(timestamp)
}

/** Undefined instead of an invalid Date, which throws where it is written. */
export function validDate (value: number | string): Date | undefined {
  const date = new Date(value)
  return Number.isNaN(date.getTime()) ? undefined : date
}
