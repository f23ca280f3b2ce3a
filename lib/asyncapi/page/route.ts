import { decoded } from './json.js'

/*
 * The part of the address behind '#': what the page shows of itself. Links are plain links, so back and forward work.
 */

export function operationHash (id: string): string {
  return `#/operations/${encoded(id)}`
}

export function schemaHash (name: string): string {
  return `#/schemas/${encoded(name)}`
}

/** Half of a pair of UTF-16 has no encoding. */
function encoded (name: string): string {
  return encodeURIComponent(name.replace(/\p{Surrogate}/gu, '\uFFFD'))
}

/** @param show is called with the hash as the functions above write it, now and whenever it changes */
export function followRoute (show: (hash: string) => void): void {
  // Other pages may encode more of it, or less.
  const follow = (): void => {
    show(location.hash.split('/').map((part, index) => index < 2 ? part : encoded(decoded(part))).join('/'))
  }
  addEventListener('hashchange', follow)
  follow()
}
