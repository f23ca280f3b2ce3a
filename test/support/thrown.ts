/** The message of the error that `work` throws. */
export function messageOf (work: () => unknown): string {
  try {
    work()
  } catch (error) {
    return (error as Error).message
  }
  throw new Error('it has thrown nothing')
}
