import { readFileSync } from 'node:fs'
import { dirname, join, sep } from 'node:path'
import { isObject } from '../../options/assert.js'
import { membersOf } from '../../members.js'

/** The members of a package.json that name an app. */
export interface AppPackage {
  readonly name?: string
  readonly version?: string
}

/**
 * Reads the package.json of the running app: the nearest one with a name, from the started file upwards, then from the
 * working directory upwards. A started file in node_modules is a tool, such as a test runner or a process manager.
 */
export function appPackage (started = process.argv[1] ?? '', folder = process.cwd()): AppPackage {
  const isApp = started !== '' && !started.split(sep).includes('node_modules')
  return (isApp ? nearest(dirname(started)) : undefined) ?? nearest(folder) ?? {}
}

function nearest (folder: string): AppPackage | undefined {
  const found = read(join(folder, 'package.json'))
  // A package.json without a name says how to read the files of a build folder.
  if (found?.name !== undefined) return found
  const parent = dirname(folder)
  return parent === folder ? undefined : nearest(parent)
}

function read (path: string): AppPackage | undefined {
  try {
    const content: unknown = JSON.parse(readFileSync(path, 'utf8'))
    if (!isObject(content)) return undefined
    const { name, version } = membersOf(content)
    return { ...isText(name) && { name }, ...isText(version) && { version } }
  } catch {
    return undefined
  }
}

function isText (value: unknown): value is string {
  return typeof value === 'string' && value !== ''
}
