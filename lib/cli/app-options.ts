/** Value of an option of the app. A name that is written several times has a list. */
type AppValue = string | number | boolean

/** Options of the app: those that stand behind `--`. */
export type AppOptions = Readonly<Record<string, AppValue | readonly AppValue[]>>

/**
 * Parses what stands behind `--`, as fastify-cli does: `--name value`, `--name=value`, `--flag`, `--no-flag`. Names are
 * in camel case, and what is written as a number is one.
 */
export function appOptionsOf (args: readonly string[]): AppOptions {
  const found = new Map<string, AppValue[]>()
  for (const [at, text] of args.entries()) {
    const [, no, name, written] = /^--(no-)?([^=]+)(?:=(.*))?$/s.exec(text) ?? []
    if (name === undefined) continue
    const next = args[at + 1]
    const value = written ?? (next === undefined || next.startsWith('--') ? undefined : next)
    const key = name.replace(/-+(.)/g, (_, letter: string) => letter.toUpperCase())
    found.set(key, [...found.get(key) ?? [], no === undefined ? valueOf(value) : false])
  }
  return Object.fromEntries([...found].map(([name, values]) => [name, values.length === 1 ? values[0]! : values]))
}

function valueOf (text: string | undefined): AppValue {
  if (text === undefined || text === 'true') return true
  if (text === 'false') return false
  return /^-?(0|[1-9]\d*)(\.\d+)?$/.test(text) && String(Number(text)) === text ? Number(text) : text
}
