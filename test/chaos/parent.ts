/* A process's side of its line to the harness. */

/** What the harness may ask a process to do. */
export interface Command {
  /** Nothing else happens in it for so long, ms. */
  readonly block: number
}

/** Says that the process is there, obeys, and ends with its parent; `close` is what SIGTERM asks for. */
export function serve (close: () => Promise<unknown>): void {
  process.once('disconnect', () => process.exit(1))
  process.on('message', ({ block }: Command) => {
    const end = performance.now() + block
    while (performance.now() < end);
  })
  process.once('SIGTERM', () => {
    close().then(() => process.exit(0), (error) => {
      console.error(error)
      process.exit(1)
    })
  })
  process.send?.('ready')
}
