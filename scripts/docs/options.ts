import { INHERITED } from '../../lib/options/inherited.js'
import type { Option } from '../../lib/options/option.js'
import { PLUGIN } from '../../lib/options/plugin-options.js'

/** An option as the documentation shows it. */
export interface OptionRow {
  readonly name: string
  readonly default: string
  readonly doc: string
}

/** The rows of a table of options. */
export function optionRows (table: object): OptionRow[] {
  const options: ReadonlyArray<readonly [name: string, option: Option<unknown, unknown>]> = Object.entries(table)
  return options.map(([name, option]) => ({ name, default: option.shown ?? show(option.default), doc: option.doc }))
}

/** `docs/options.md`. */
export function optionsPage (): string {
  return `# Options

<!-- Generated from lib/options by \`npm run docs\`. -->

All options are checked when the plugin is registered or the subscriber is declared. An option that is unknown or
impossible is \`FASTSTREAM_ERR_INVALID_OPTION\`. No time may be longer than 2 147 483 647 ms (24 days), which is what a
timer of Node holds.

## Of the plugin and of each subscriber

[Scopes and routers](routers.md) have these options, too. The nearest place that names an option wins: the subscriber,
its router, its scope, the scopes around it, the plugin, the default.

${markdown(optionRows(INHERITED))}

## Of the plugin alone

${markdown(optionRows(PLUGIN))}

## Of \`register\`

Fastify gives every plugin \`prefix\`, \`logLevel\` and \`logSerializers\`, and
[@fastify/autoload](https://github.com/fastify/fastify-autoload) makes a \`prefix\` of the name of a folder. They
apply to the routes of the plugin, which are those of \`asyncapi\` and \`health\`: with \`prefix: '/internal'\` the page
is at \`/internal/asyncapi\`. Subscribers log as their scope does.
`
}

function markdown (rows: readonly OptionRow[]): string {
  const lines = rows.map(({ name, default: shown, doc }) => `| \`${name}\` | ${code(shown)} | ${doc} |`)
  return ['| option | default | |', '|---|---|---|', ...lines].join('\n')
}

/** A default in words stays as it is. */
function code (shown: string): string {
  return /^(['{]|[\d_]+$|true$|false$)/.test(shown) && !shown.includes('`') ? `\`${shown}\`` : shown
}

function show (value: unknown): string {
  if (value === undefined) return 'none'
  if (typeof value === 'string') return `'${value}'`
  if (typeof value === 'number') return digits(value)
  if (typeof value !== 'object' || value === null) return String(value)
  return `{ ${Object.entries(value).map(([name, member]) => `${name}: ${show(member)}`).join(', ')} }`
}

function digits (value: number): string {
  return value < 10_000 ? String(value) : value.toLocaleString('en').replaceAll(',', '_')
}
