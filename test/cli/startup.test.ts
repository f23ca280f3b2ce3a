import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import t from 'tap'

/* How soon the command is there, as it is published. Time of the CPU: a busy machine does not count. */

const USED = 'data:text/javascript,' + encodeURIComponent(
  "process.on('exit', () => { console.error(JSON.stringify(process.cpuUsage())) })"
)
const env = { ...process.env, _TAPJS_PROCESSINFO_COVERAGE_: '0' }

/** ms of the CPU that one call takes. */
async function timeOf (...argv: string[]): Promise<number> {
  const { stderr } = await promisify(execFile)(
    process.execPath, ['--import', USED, 'dist/lib/cli/main.js', ...argv], { env }
  )
  const { user, system } = JSON.parse(stderr) as NodeJS.CpuUsage
  return (user + system) / 1000
}

t.test('a verb with all that it loads starts within 400 ms', async (t) => {
  for (const verb of ['', 'run', 'describe', 'doctor', 'docs serve', 'dlq list', 'replay', 'tail']) {
    const argv = [...verb.split(' ').filter(Boolean), '--help']
    const times = [await timeOf(...argv), await timeOf(...argv)]
    t.comment(`${verb || 'help'}: ${Math.round(Math.min(...times))} ms`)
    t.ok(Math.min(...times) <= 400, verb)
  }
})
