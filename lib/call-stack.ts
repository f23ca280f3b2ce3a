/**
 * Names of the functions that wait for the caller: those that called it, and, by V8's async stack traces, those that
 * await a promise which waits for it. Costs nothing before it is called.
 */
export function waitingFunctions (): ReadonlySet<string | null> {
  const { stackTraceLimit, prepareStackTrace } = Error
  const trace: { stack?: unknown } = {}
  Error.stackTraceLimit = Infinity
  Error.prepareStackTrace = (_, sites) => sites.map((site) => site.getFunctionName())
  try {
    Error.captureStackTrace(trace)
    return new Set(trace.stack as Array<string | null>)
  } finally {
    Error.stackTraceLimit = stackTraceLimit
    Error.prepareStackTrace = prepareStackTrace
  }
}
