/* What the tests of the types expect: never run, but checked by `tsc`. */

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends (<T>() => T extends B ? 1 : 2) ? true : false

/** Compiles when the value has the type `T`. */
export function expectType<T> (_value: T): void {}

/** Compiles with `true` when `A` and `B` are the same type. */
export function expectEqual<A, B> (_equal: Equal<A, B>): void {}

/** Compiles with `true` when the type of the value is `B`, and no narrower or wider one. */
export function expectExact<B> (): <A>(_value: A, _equal: Equal<A, B>) => void { return () => {} }
