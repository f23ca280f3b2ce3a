import type { Figures } from './index.js'

/** One side of a benchmark, as a program has it. */
export interface Side {
  request (value: object): Promise<unknown>
  publish (value: object): Promise<unknown>
  close (): Promise<void>
}

/** Runs what the parent process asks for, `open` requests at once. */
export function follow (side: Side): void {
  process.on('message', (message: { close?: boolean, open?: number, duration?: number }) => {
    if (message.close) side.close().then(() => process.disconnect())
    else measure(side, message.open!, message.duration!).then((figures) => process.send?.(figures))
  })
  process.send?.('ready')
}

async function measure ({ request, publish }: Side, open: number, duration: number): Promise<Figures> {
  await during(request, open, 1)
  const trips = await during(request, open, duration)
  const publishes = await during(publish, open, duration / 4)
  return {
    perSecond: trips.length / duration,
    p50: quantile(trips, 0.5),
    p99: quantile(trips, 0.99),
    publish: quantile(publishes, 0.5)
  }
}

/** Latencies, ms. */
async function during (call: Side['request'], open: number, seconds: number): Promise<number[]> {
  const times: number[] = []
  const end = performance.now() + seconds * 1000
  await Promise.all(Array.from({ length: open }, async (_, client) => {
    for (let i = 0; performance.now() < end; i++) {
      const began = performance.now()
      await call({ id: `${client}-${i}`, text: 'x'.repeat(100) })
      times.push(performance.now() - began)
    }
  }))
  return times
}

function quantile (times: number[], q: number): number {
  const sorted = [...times].sort((a, b) => a - b)
  return sorted[Math.floor(sorted.length * q)] ?? 0
}
