import type { LogEntry, logCreator } from 'kafkajs'
import type { Level } from '../../log.js'
import type { TransportLog } from '../transport.js'

const NOISE = new Set(['timestamp', 'logger', 'message', 'stack', 'payload', 'data'])
const LEVELS: Readonly<Record<string, Level>> = { ERROR: 'warn', WARN: 'info' }

/** kafkajs's log as lines of the app's: object first, lower case, at the level that they deserve. */
export function createLogCreator (log: TransportLog): logCreator {
  return () => (entry) => log[levelOf(entry)](detailsOf(entry), messageOf(entry))
}

/**
 * kafkajs calls an error what it repeats by itself a moment later. What an operator must know, the transport
 * says in its own words; these lines are the details. A rebalance and a connection that ends are daily life.
 */
function levelOf ({ namespace, label, log }: LogEntry): Level {
  if (namespace === 'Connection' || /rebalanc/i.test(`${log.message} ${log['error']}`)) return 'debug'
  return LEVELS[label] ?? 'debug'
}

/** Never bytes of messages (`payload`, `data`), which kafkajs prints when its debug variables are set. */
function detailsOf ({ namespace, log }: LogEntry): object {
  const details = Object.entries(log).filter(([name]) => !NOISE.has(name))
  return { client: `kafkajs ${namespace}`, ...Object.fromEntries(details) }
}

function messageOf ({ log }: LogEntry): string {
  const message = String(log.message).replace(/^\[[^\]]+\] /, '')
  return message.charAt(0).toLowerCase() + message.slice(1)
}
