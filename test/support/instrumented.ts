import { fork } from 'node:child_process'
import { once } from 'node:events'
import type { Test } from 'tap'

/** What `test/observe/otel/instrumented.ts` tells. */
export interface Instrumented {
  readonly statusCode: number
  /** Whether the instrumentation has patched the app's own kafkajs. */
  readonly patched: boolean
  /** `scope: name` */
  readonly spans: readonly string[]
  readonly parents: ReadonlyArray<readonly [name: string, parent: string | undefined]>
}

/** Runs an app beside the instrumentation of kafkajs, with the ESM hook of OpenTelemetry. */
export async function runInstrumented (t: Test, env: NodeJS.ProcessEnv = {}): Promise<Instrumented> {
  const child = fork('test/observe/otel/instrumented.ts', {
    execArgv: ['--import', './test/support/esm-hook.mjs', '--import', 'tsx'],
    // What the hooks compile has other lines than what tap compiles: its coverage must not count.
    env: { PATH: process.env['PATH'], _TAPJS_PROCESSINFO_COVERAGE_: '0', ...env }
  })
  t.teardown(() => { child.kill() })
  const [told] = await Promise.race([
    once(child, 'message'), once(child, 'exit').then(([code]) => { throw new Error(`the app ended with ${code}`) })
  ]) as [Instrumented]
  return told
}
