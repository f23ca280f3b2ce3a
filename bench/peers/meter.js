/** A handler that counts its messages, and tells time and CPU on the last one as a line of JSON. */
export function meter (records) {
  let seen = 0
  let total = 0
  let began
  let cpu
  async function handle (order) {
    if (seen === 0) {
      began = performance.now()
      cpu = process.cpuUsage()
    }
    total += order.total
    if (++seen !== records) return
    const { user, system } = process.cpuUsage(cpu)
    console.log(JSON.stringify({ seconds: (performance.now() - began) / 1000, cpu: user + system, total }))
  }
  return { handle, ended: () => seen >= records }
}
