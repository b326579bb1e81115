import { spawn } from 'node:child_process'
import type { HealthCheckOutcome } from '../kernel/recorder.ts'

/** Runs a program without a shell and without output; it passes when it ends with 0. Gives back how to end it. */
export function runProgram(
  [program = '', ...args]: readonly string[],
  settle: (outcome: HealthCheckOutcome) => void,
): () => void {
  const child = spawn(program, args, { stdio: 'ignore' })
  child.unref()
  child.once('error', () => settle('unreachable'))
  child.once('exit', (code) => settle(code === 0 ? 'passed' : 'failed'))
  return () => void child.kill('SIGKILL')
}
