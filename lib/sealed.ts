/** Holds a secret: it is in no JSON, no inspection and no property of the settings. */
export class Sealed<T> {
  readonly #value: T

  constructor (value: T) {
    this.#value = value
  }

  static open<T> (sealed: Sealed<T>): T {
    return sealed.#value
  }
}
