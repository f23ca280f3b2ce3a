/**
 * Benches of recorded.json. `ratios`: the best that a bench has printed, which `check` compares with; `latest`: those
 * of the last time, where they are lower.
 */
export type Recorded = Readonly<Record<string, {
  readonly args: readonly string[]
  readonly ratios: Readonly<Record<string, number>>
  readonly latest?: Readonly<Record<string, number>>
}>>

/** Rows of the chart: a bench, its ratio, and what a reader calls it. */
const ROWS = [
  ['consume', 'speed', 'Consume one by one, against eachBatch'],
  ['consume keys', 'speed', 'Consume by key, 16 at once, against eachBatch'],
  ['consume middleware', 'speed', 'Consume with a middleware, against eachBatch'],
  ['consume deps', 'speed', 'Consume with a dependency, against eachBatch'],
  ['consume publish', 'speed', 'Consume and publish a result, against sendBatch'],
  ['batch', 'speed', 'Consume batches, against eachBatch'],
  ['http', 'send', 'POST → Kafka, 100 connections, against send'],
  ['publish', 'rate at 1 open', 'Publish, 1 at a time, against producer.send'],
  ['publish', 'rate at 100 open', 'Publish, 100 at a time, against producer.send'],
  ['publish', 'rate at 1000 open', 'Publish, 1000 at a time, against producer.send'],
  ['request', 'rate at 1 open', 'Request, 1 at a time, against a reply topic'],
  ['request', 'rate at 100 open', 'Request, 100 at a time, against a reply topic']
] as const

/** px. */
const [WIDTH, LABEL, FIGURE, LINE, TOP] = [800, 400, 70, 28, 44]

/** Draws the latest ratios as a picture: a bar for each, and a line at the speed of the program by hand. */
export function chart (recorded: Recorded): string {
  const height = TOP + ROWS.length * LINE + 8
  const ratios = ROWS.map(([bench, name]) => ratioOf(recorded, bench, name))
  const perRatio = (WIDTH - LABEL - FIGURE) / Math.max(...ratios)
  const one = Math.round(LABEL + perRatio)
  const bars = ROWS.map(([,, label], row) => {
    const y = TOP + row * LINE
    const length = Math.round(ratios[row]! * perRatio)
    return `  <text x="${LABEL - 12}" y="${y + 15}" text-anchor="end">${label}</text>
  <rect x="${LABEL}" y="${y}" width="${length}" height="20" rx="3"/>
  <text class="ratio" x="${LABEL + length + 8}" y="${y + 15}">${ratios[row]!.toFixed(1)} ×</text>`
  })
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" role="img"
  aria-label="Speed against the same program written by hand with kafkajs">
  <style>
    text { font: 14px system-ui, sans-serif; fill: #3a4250 }
    .ratio { font-weight: 600; fill: #14181f }
    rect { fill: #2f6fde }
    line { stroke: #8a93a3; stroke-dasharray: 3 3 }
    @media (prefers-color-scheme: dark) {
      text { fill: #b8c0cc }
      .ratio { fill: #f2f4f7 }
      rect { fill: #6ea0ff }
    }
  </style>
  <text x="${one}" y="18" text-anchor="middle">by hand</text>
${bars.join('\n')}
  <line x1="${one}" y1="26" x2="${one}" y2="${height - 8}"/>
</svg>
`
}

function ratioOf (recorded: Recorded, bench: string, name: string): number {
  const ratio = (recorded[bench]?.latest ?? recorded[bench]?.ratios)?.[name]
  if (ratio === undefined) throw new Error(`recorded.json has no ratio '${name}' of ${bench}`)
  return ratio
}
