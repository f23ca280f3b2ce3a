import client from 'prom-client'

/** A value of a metric and its labels, without `le`. */
export interface Sample {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

/** A registry of prom-client, and its values as Prometheus would read them. */
export function newRegistry () {
  const registry = new client.Registry()
  /** All values of a metric; of a histogram its sums and counts. */
  async function samples (name: string): Promise<Sample[]> {
    const text = await registry.metrics()
    const lines = text.split('\n').filter((line) => line.startsWith(name) && !line.startsWith(`${name}_bucket`))
    return lines.map((line) => {
      const [, found = '', labels = '', value = ''] = /^(\w+)(?:\{(.*)\})? (\S+)$/.exec(line) ?? []
      const pairs = [...labels.matchAll(/(\w+)="([^"]*)"/g)].map(([, label = '', text = '']) => [label, text])
      return { name: found, labels: Object.fromEntries(pairs), value: Number(value) }
    })
  }
  /** The value with these labels among others; 0 where there is none. */
  async function value (name: string, labels: Readonly<Record<string, string>> = {}): Promise<number> {
    const found = (await samples(name)).filter((sample) => {
      return Object.entries(labels).every(([label, text]) => sample.labels[label] === text)
    })
    return found.reduce((sum, sample) => sum + sample.value, 0)
  }
  return { client, registry, samples, value }
}
