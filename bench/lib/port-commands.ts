/** What a process that serves answers: where, and what CPU it has taken since it was asked to count. */
export function portCommands(port: number): Readonly<Record<'port' | 'startCpu' | 'cpuMicros', () => unknown>> {
  let before = process.cpuUsage()
  return {
    port: () => port,
    startCpu: () => {
      before = process.cpuUsage()
    },
    cpuMicros: () => {
      const { user, system } = process.cpuUsage(before)
      return user + system
    },
  }
}
