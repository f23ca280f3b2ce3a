import { boundedError } from './bounded-error.js'

/** The part of Fastify's logger that the core uses: object first, message second, lower case. */
export interface Log {
  debug (details: object, message: string): void
  info (details: object, message: string): void
  warn (details: object, message: string): void
  error (details: object, message: string): void
  /** True when lines of a level are written. A logger without it writes all of them. */
  isLevelEnabled? (level: Level): boolean
}

export type Level = 'debug' | 'info' | 'warn' | 'error'

/** True when lines of a level are written: ask before you make what a line says. */
export function isEnabled (log: Log, level: Level): boolean {
  if (log.isLevelEnabled !== undefined) return log.isLevelEnabled(level)
  // The name of the functions of `Fastify({ logger: false })`, which do nothing.
  return log[level].name !== 'noop'
}

/**
 * A log that never throws, and bounds the errors that it is given. The serializers are the app's, and an error of a
 * handler may hold anything: a log line that fails must not change what is done with a message.
 */
export function steady (log: Log): Log {
  function at (level: Level): Log['debug'] {
    return (details, message) => {
      if (!isLevelEnabled(level)) return
      try {
        log[level](withBoundedError(details), message)
      } catch {
        withoutError(level, details, message)
      }
    }
  }

  function withoutError (level: Level, details: object & { readonly err?: unknown }, message: string): void {
    const { err, ...rest } = details
    try {
      log[level](rest, `${message} (its error cannot be logged)`)
    } catch {
      // Then no line can.
    }
  }

  function isLevelEnabled (level: Level): boolean {
    try {
      return isEnabled(log, level)
    } catch {
      return true
    }
  }

  return { isLevelEnabled, debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') }
}

function withBoundedError (details: object & { readonly err?: unknown }): object {
  return details.err instanceof Error ? { ...details, err: boundedError(details.err) } : details
}
