export function build (): object {
  return {}
}
