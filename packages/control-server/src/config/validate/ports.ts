import { child } from '../field-path.ts'
import { isIstioLabel } from '../names.ts'
import type { PortSelector } from '../spec/virtual-service.ts'
import { quote } from './hosts.ts'
import type { Report } from './report.ts'

export function checkPort(port: number, field: string, report: Report): void {
  if (!(port >= 1 && port <= 65535)) report.violation(field, `must be a port from 1 to 65535, not ${port}`)
}

/** A selector that is there must have a number. */
export function checkPortSelector(selector: PortSelector | undefined, field: string, report: Report): void {
  if (selector !== undefined) checkPort(selector.number ?? 0, child(field, 'number'), report)
}

/** Where 0 stands for "not given". */
export function checkOptionalPort(port: number | undefined, field: string, report: Report): void {
  if (port !== undefined && port !== 0) checkPort(port, field, report)
}

/** Istio `ValidatePortName`. */
export function portNameProblem(name: string): string | undefined {
  if (isIstioLabel(name)) return undefined
  return `${quote(name)} is no name of a port: letters, digits and '-', at most 63 of them`
}
