import type { SubscriberSettings } from '../../broker/plan.js'
import type { Settings } from '../../options/plugin-options.js'
import type { ClusterDescription } from '../../transport/transport.js'

/** One thing that does not fit together. */
export interface Finding {
  /** Name of the rule. */
  readonly rule: string
  /** Topic, group or option. */
  readonly where: string
  readonly what: string
  readonly why: string
  readonly cure: string
}

/** What is compared: one broker of an app, and its cluster. */
export interface Facts {
  readonly settings: Settings
  readonly subscribers: readonly SubscriberSettings[]
  /** All topics that the app names. */
  readonly topics: readonly string[]
  readonly cluster: ClusterDescription
}

/** Finds what does not fit together. */
export type Rule = (facts: Facts) => readonly Finding[]

/** The value of a setting that is a number; undefined: it is not told. */
export function numberIn (config: ReadonlyMap<string, string> | undefined, name: string): number | undefined {
  const text = config?.get(name)
  return text !== undefined && /^-?\d{1,19}$/.test(text) ? Number(text) : undefined
}

/** How a setting of a topic is changed. */
export function alterTopic (topic: string, setting: string): string {
  return `kafka-configs.sh --alter --entity-type topics --entity-name ${topic} --add-config ${setting}`
}

export const DAY = 86_400_000
/** ms; after an outage of this time, nothing should be gone: what waits, what failed, and where reading was. */
export const LONGEST_OUTAGE = 7 * DAY

const UNITS = [[DAY, 'd'], [3_600_000, 'h'], [60_000, 'min'], [1000, 's']] as const

/** A duration as people say it: '7 d'. */
export function shownTime (ms: number): string {
  const [size, unit] = UNITS.find(([size]) => ms >= size) ?? [1, 'ms']
  return `${Math.round(ms / size * 10) / 10} ${unit}`
}
