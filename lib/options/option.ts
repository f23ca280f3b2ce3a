import { list, onlyKnown } from './assert.js'

/** One option: its default, its check, and its row in the documentation. */
export interface Option<Given, Setting> {
  readonly default: Setting
  /**
   * Returns the setting for what was written. What an object leaves out is taken from `inherited`.
   *
   * @throws FASTSTREAM_ERR_INVALID_OPTION naming `option` and the cure
   */
  readonly check: (option: string, given: Given, inherited: Setting) => Setting
  /** The default as the documentation shows it. @default `default` as JavaScript */
  readonly shown?: string
  /** Effect of the option, in Markdown. */
  readonly doc: string
}

/** A row for each member of `Settings`; `Given` is what a user writes. */
export type OptionTable<Given, Settings> = {
  readonly [Name in keyof Settings]: Option<Exclude<Given[Name & keyof Given], undefined>, Settings[Name]>
}

type Member<Setting> = (option: string, given: Setting) => Setting

/** The rows, for code that treats all of them alike. */
type Rows = ReadonlyArray<readonly [name: string, option: Option<unknown, unknown>]>

function rowsOf (table: object): Rows {
  return Object.entries(table)
}

/** The settings where nothing is written. */
export function defaultsOf<Given, Settings> (table: OptionTable<Given, Settings>): Settings {
  return Object.fromEntries(rowsOf(table).map(([name, option]) => [name, option.default])) as Settings
}

/**
 * Lays `layers` over `base`, the outermost layer first. An option that is undefined in a layer is not written there.
 *
 * @throws FASTSTREAM_ERR_INVALID_OPTION
 */
export function resolveOptions<Given extends object, Settings extends object> (
  table: OptionTable<Given, Settings>, base: Settings, layers: readonly Given[]
): Settings {
  const settings = rowsOf(table).map(([name, option]) => {
    let setting: unknown = Reflect.get(base, name)
    for (const layer of layers) {
      const given: unknown = Reflect.get(layer, name)
      if (given !== undefined) setting = option.check(name, given, setting)
    }
    return [name, setting] as const
  })
  return Object.fromEntries(settings) as Settings
}

/** Checks an object of options, whose members are inherited one by one. */
export function optionsOf<Given extends object, Settings extends object> (
  members: { readonly [Name in keyof Settings]: Member<Settings[Name]> }
): Option<Given, Settings>['check'] {
  return function check (option, given, inherited) {
    onlyKnown(`${option}.`, given, Object.keys(members))
    const checks: ReadonlyArray<readonly [name: string, check: Member<unknown>]> = Object.entries(members)
    const settings = checks.map(([name, check]) => {
      const written: unknown = Reflect.get(given, name)
      return [name, written === undefined ? Reflect.get(inherited, name) : check(`${option}.${name}`, written)] as const
    })
    return Object.freeze(Object.fromEntries(settings)) as Settings
  }
}

/** Checks a list that grows from layer to layer, that of the outermost layer first. */
export function accumulated<Item> (check: Member<Item>): Option<readonly Item[], readonly Item[]>['check'] {
  return function checkList (option, given, inherited) {
    list(option, given)
    return Object.freeze([...inherited, ...given.map((item) => check(option, item))])
  }
}
