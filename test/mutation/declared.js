/* Stands for `tap` in the test files: it lists their tests, so that each can be run alone and again. */

/** The tests by their ids. */
export const TESTS = new Map()

let file = ''

/** Loads a test file. */
export async function declare (path, url) {
  file = path
  await import(url)
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
