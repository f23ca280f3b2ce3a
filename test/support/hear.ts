import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { Test } from 'tap'
import type { FaststreamChannels } from '../../types/index.js'

/** Subscribes to a diagnostics channel until the test ends, and collects what is published. */
export function hear<Name extends keyof FaststreamChannels> (t: Test, name: Name): Array<FaststreamChannels[Name]> {
  const heard: Array<FaststreamChannels[Name]> = []
  const listen = (event: unknown): void => { heard.push(event as FaststreamChannels[Name]) }
  subscribe(name, listen)
  t.teardown(() => { unsubscribe(name, listen) })
  return heard
}

const PHASES = ['start', 'end', 'asyncStart', 'asyncEnd', 'error'] as const

/** Subscribes to a tracing channel until the test ends, and collects its phases with their contexts. */
export function hearTrace<Context> (t: Test, name: string): Array<{
  readonly phase: string, readonly context: Context
}> {
  const heard: Array<{ phase: string, context: Context }> = []
  for (const phase of PHASES) {
    const listen = (context: unknown): void => { heard.push({ phase, context: context as Context }) }
    subscribe(`tracing:${name}:${phase}`, listen)
    t.teardown(() => { unsubscribe(`tracing:${name}:${phase}`, listen) })
  }
  return heard
}
