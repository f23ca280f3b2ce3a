import { cpuSince } from '../report.js'

interface Task { readonly open: number, readonly seconds: number }

/** Answers each task of the parent with figures: so many publishes are open at a time, for so long. */
export function serve (publish: (i: number) => Promise<unknown>, close: () => Promise<void>): void {
  let sent = 0
  async function work ({ open, seconds }: Task): Promise<object> {
    const until = async (end: number): Promise<number> => {
      let count = 0
      await Promise.all(Array.from({ length: open }, async () => {
        while (performance.now() < end) {
          await publish(sent++)
          count++
        }
      }))
      return count
    }
    await until(performance.now() + 1000)
    const [began, cpu] = [performance.now(), process.cpuUsage()]
    const count = await until(began + seconds * 1000)
    return { perSecond: count / (performance.now() - began) * 1000, cpu: cpuSince(cpu) / count }
  }
  process.on('message', async (message: 'close' | Task) => {
    if (message !== 'close') process.send?.(await work(message))
    else close().then(() => { process.disconnect() })
  })
  process.send?.('ready')
}
