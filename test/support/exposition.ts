/** One line of Prometheus' text format. */
export interface ExposedSample {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

const LINE = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)$/
const LABEL = /([a-zA-Z_]\w*)="((?:[^"\\]|\\.)*)"(?:,|$)/y

/** Reads the text format strictly: a line it does not understand is an error, and so is a series told twice. */
export function parseExposition(text: string): ExposedSample[] {
  const seen = new Set<string>()
  return text
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => {
      const series = line.slice(0, line.lastIndexOf(' '))
      if (seen.has(series)) throw new Error(`series told twice: ${series}`)
      seen.add(series)
      return parseLine(line)
    })
}

/** Values of the samples of one name whose labels are all as wanted. */
export function samplesOf(
  samples: readonly ExposedSample[],
  name: string,
  labels: Readonly<Record<string, string>> = {},
): ExposedSample[] {
  return samples.filter(
    (sample) =>
      sample.name === name && Object.entries(labels).every(([label, value]) => sample.labels[label] === value),
  )
}

function parseLine(line: string): ExposedSample {
  const [, name, rest = '', value] = LINE.exec(line) ?? []
  if (name === undefined || value === undefined) throw new Error(`not a sample: ${line}`)
  const labels: Record<string, string> = {}
  LABEL.lastIndex = 0
  while (LABEL.lastIndex < rest.length) {
    const [, label, text] = LABEL.exec(rest) ?? []
    if (label === undefined || text === undefined) throw new Error(`not a label list: ${rest}`)
    labels[label] = text.replace(/\\(.)/g, (_, escaped: string) => (escaped === 'n' ? '\n' : escaped))
  }
  return { name, labels, value: value === '+Inf' ? Number.POSITIVE_INFINITY : Number(value) }
}
