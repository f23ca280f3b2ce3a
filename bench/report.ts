/**
 * Prints the ratios of a bench as one line of JSON, for `npm run bench -- check`. Each is better the higher it is.
 *
 * @example report({ speed: 1.4, cpu: 1.2 })
 */
export function report (ratios: Readonly<Record<string, number>>): void {
  const rounded = Object.entries(ratios).map(([name, ratio]) => [name, Number(ratio.toPrecision(3))])
  console.log(JSON.stringify({ ratios: Object.fromEntries(rounded) }))
}

/** CPU of this process since a moment, µs. */
export function cpuSince (begun: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(begun)
  return user + system
}
