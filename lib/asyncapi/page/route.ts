import { decoded } from './json.js'

/*
 * Fragment of the address (behind '#'), which says what the page shows. Links are plain links, so back and forward
 * work.
 */

export function operationHash (id: string): string {
  return `#/operations/${encoded(id)}`
}

export function schemaHash (name: string): string {
  return `#/schemas/${encoded(name)}`
}

/** Replaces lone surrogates of UTF-16, which have no encoding. */
function encoded (name: string): string {
  return encodeURIComponent(name.replace(/\p{Surrogate}/gu, '\uFFFD'))
}

/** @param show is called with the hash as the functions above write it, now and whenever it changes */
export function followRoute (show: (hash: string) => void): void {
  // Another page may have encoded more or fewer characters.
  const follow = (): void => {
    show(location.hash.split('/').map((part, index) => index < 2 ? part : encoded(decoded(part))).join('/'))
  }
  addEventListener('hashchange', follow)
  follow()
}
