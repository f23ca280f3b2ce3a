/* Stands for `tap` in the test files: it lists their tests, so that each can be run alone and again. */

/** The tests by their ids. */
export const TESTS = new Map()

let file = ''

/** Loads a test file. What it changes in the environment of its process concerns its own tests only. */
export async function declare (path, url) {
  file = path
  const before = { ...process.env }
  await import(url)
  const environment = { ...process.env }
  for (const test of TESTS.values()) if (test.file === path) test.environment = environment
  enter(before)
}

/** Gives the process an environment. */
export function enter (environment) {
  for (const name of Object.keys(process.env)) if (!(name in environment)) delete process.env[name]
  Object.assign(process.env, environment)
}

export const declared = {
  test (name, ...rest) {
    const same = [...TESTS.values()].filter((test) => test.file === file && test.name === name).length
    const id = `${file} ${name}${same === 0 ? '' : ` (${same + 1})`}`
    TESTS.set(id, { id, file, name, options: rest.length > 1 ? rest[0] : {}, run: rest.at(-1) })
    return Promise.resolve()
  },
  setTimeout () {}
}
