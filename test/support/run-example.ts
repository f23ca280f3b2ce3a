import { spawn } from 'node:child_process'
import { once } from 'node:events'
import type { Test } from 'tap'

/** What an example does that a user starts by `npm run example <name>`, until it listens and then is told to end. */
export interface ExampleRun {
  /** Lines of its log until it listened. */
  readonly log: string
  readonly port: number
  /** Sends SIGTERM, and resolves to its exit code. */
  stop (): Promise<number | null>
}

/** Starts an example in a process of its own, on a free port. Rejects with its log when it ends before it listens. */
export async function runExample (t: Test, name: string, env: NodeJS.ProcessEnv): Promise<ExampleRun> {
  const server = spawn(process.execPath, ['--import', 'tsx', 'scripts/example.ts', name], {
    stdio: ['ignore', 'pipe', 'pipe'], env: { ...env, PORT: '0' }
  })
  t.teardown(() => server.kill('SIGKILL'))
  const exit = once(server, 'exit')
  let log = ''
  const port = await new Promise<number>((resolve, reject) => {
    const read = (chunk: Buffer): void => {
      log += String(chunk)
      const [, port] = /Server listening at http:\/\/\S+:(\d+)/.exec(log) ?? []
      if (port !== undefined) resolve(Number(port))
    }
    server.stdout.on('data', read)
    server.stderr.on('data', read)
    exit.then(() => { reject(new Error(`the example ${name} ended: ${log}`)) })
  })
  return {
    log,
    port,
    async stop () {
      server.kill('SIGTERM')
      const [code] = await exit
      return code
    }
  }
}
