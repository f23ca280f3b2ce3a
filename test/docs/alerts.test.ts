import { readFileSync } from 'node:fs'
import t from 'tap'
import { parse } from 'yaml'
import { CLUSTER, DEFINITIONS } from '../../lib/observe/metrics/definitions.js'

/* The dashboard and the alert rules of docs/operations/, against the names, labels and outcomes of the metrics. */

interface Rules { readonly groups: ReadonlyArray<{ readonly rules: readonly Rule[] }> }
interface Rule {
  readonly alert: string
  readonly expr: string
  readonly labels: { readonly severity: string }
  readonly annotations: { readonly summary: string }
}
interface Dashboard {
  readonly panels: ReadonlyArray<{ readonly title: string, readonly targets: ReadonlyArray<{ readonly expr: string }> }>
  readonly templating: { readonly list: ReadonlyArray<{ readonly name: string, readonly query: string }> }
}

const RULES = (parse(readFileSync('docs/operations/alerts.yaml', 'utf8')) as Rules).groups.flatMap(({ rules }) => rules)
const { panels, templating: { list } } = JSON.parse(readFileSync('docs/operations/grafana.json', 'utf8')) as Dashboard
const TARGETS = panels.flatMap(({ targets }) => targets)
const EXPRESSIONS = [...RULES, ...TARGETS].map(({ expr }) => expr)

/** The names of an expression, without what a histogram adds. */
function metricsIn (expression: string): string[] {
  return [...expression.matchAll(/\bfaststream_\w+/g)].map(([name]) => name.replace(/_(bucket|count|sum)$/, ''))
}

t.test('the dashboard and the alerts name metrics that exist, and the dashboard shows all', async (t) => {
  const known = DEFINITIONS.map(({ name }) => name)
  const queried = [...EXPRESSIONS, ...list.map(({ query }) => query)].flatMap(metricsIn)
  t.same(queried.filter((name) => !known.includes(name)), [])
  const shown = panels.flatMap(({ targets }) => targets.flatMap(({ expr }) => metricsIn(expr)))
  t.same(known.filter((name) => !shown.includes(name)), [])
})

t.test('labels that an expression asks for are labels of all of its metrics', async (t) => {
  for (const expression of EXPRESSIONS) {
    const asked = [
      ...[...expression.matchAll(/by \(([^)]*)\)/g)].flatMap(([, labels = '']) => labels.split(', ')),
      ...[...expression.matchAll(/(\w+)(?:=|!=|=~)"/g)].map(([, label = '']) => label)
    ].filter((label) => label !== 'le')
    for (const name of metricsIn(expression)) {
      const { labels } = DEFINITIONS.find((definition) => definition.name === name)!
      t.same(asked.filter((label) => ![CLUSTER, ...labels].includes(label)), [], expression)
    }
  }
})

t.test('an alert has a severity, and its summary names labels of its expression', async (t) => {
  t.ok(RULES.some(({ expr }) => expr.includes('faststream_commit_age_seconds')), 'the alarm')
  for (const { alert, expr, labels, annotations: { summary } } of RULES) {
    t.match(alert, /^Faststream[A-Z]/)
    t.ok(['page', 'warn'].includes(labels.severity), alert)
    const named = [...summary.matchAll(/\$labels\.(\w+)/g)].map(([, label = '']) => label)
    const by = [...expr.matchAll(/by \(([^)]*)\)/g)].flatMap(([, labels = '']) => labels.split(', '))
    const own = metricsIn(expr).flatMap((name) => DEFINITIONS.find((each) => each.name === name)?.labels ?? [])
    t.same(named.filter((label) => ![...by.length > 0 ? by : own, CLUSTER].includes(label)), [], alert)
  }
})

t.test('outcomes that an expression names exist', async (t) => {
  const outcomes = ['acked', 'failed', 'skipped', 'dead_lettered', 'forwarded', 'discarded', 'unsettled', 'retried']
  const named = EXPRESSIONS.filter((expr) => expr.includes('_processed_')).flatMap((expr) => {
    return [...expr.matchAll(/outcome=~?"([^"]*)"/g)].flatMap(([, list = '']) => list.split('|'))
  })
  t.ok(named.length > 0)
  t.same(named.filter((outcome) => !outcomes.includes(outcome)), [])
})
