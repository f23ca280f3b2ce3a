/** How many random runs a test makes: `count`, or the share of them that `TEST_SHARE` says. Mutation tests make few. */
export function shareOf (count: number): number {
  return Math.ceil(count * Number(process.env.TEST_SHARE ?? 1))
}
